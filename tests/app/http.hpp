#pragma once

#include <curl/curl.h>

#include <string>
#include <vector>

/// One HTTP request, for tests.
namespace sluice::test {

struct HttpReply {
    long status = 0;  ///< 0: nobody answered
    std::string content_type, body;
};

inline HttpReply http(const std::string& method, const std::string& url, const std::string& body = {},
                      const std::vector<std::string>& headers = {}) {
    HttpReply reply;
    CURL* const handle = curl_easy_init();
    curl_slist* list = nullptr;
    for (const std::string& header : headers) list = curl_slist_append(list, header.c_str());
    curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, list);
    if (method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
    else curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, method.c_str());
    if (!body.empty()) {
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, body.c_str());
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, +[](char* data, size_t size, size_t count, void* to) {
        static_cast<std::string*>(to)->append(data, size * count);
        return size * count;
    });
    if (curl_easy_perform(handle) == CURLE_OK) {
        const char* type = nullptr;
        curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &reply.status);
        if (curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK && type != nullptr)
            reply.content_type = type;
    }
    curl_slist_free_all(list);
    curl_easy_cleanup(handle);
    return reply;
}

}  // namespace sluice::test
