#include "tools/ctl_client.hpp"

#include <curl/curl.h>

#include "engine/base/check.hpp"

namespace sluice::tools {

namespace {

constexpr std::size_t max_reply = 256u << 20;  // ten thousand sessions are 5 MB

size_t keep(char* data, size_t size, size_t count, void* to) {
    auto& body = *static_cast<std::string*>(to);
    if (body.size() + size * count > max_reply) return 0;
    body.append(data, size * count);
    return size * count;
}

}  // namespace

CtlClient::CtlClient(std::string address) : address_(std::move(address)), handle_(curl_easy_init()) {
    SLUICE_CHECK(handle_ != nullptr);
}

CtlClient::~CtlClient() { curl_easy_cleanup(handle_); }

Result<CtlClient::Reply> CtlClient::request(std::string_view method, const std::string& path, const std::string& body) {
    Reply reply;
    curl_easy_reset(handle_);
    const std::string url = "http://" + address_ + path, verb(method);
    curl_easy_setopt(handle_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(handle_, CURLOPT_PROTOCOLS_STR, "http");
    curl_easy_setopt(handle_, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(handle_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle_, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(handle_, CURLOPT_TIMEOUT, 60L);
    curl_easy_setopt(handle_, CURLOPT_CUSTOMREQUEST, verb.c_str());
    if (method != "GET") {
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDS, body.c_str());
        curl_easy_setopt(handle_, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    }
    curl_easy_setopt(handle_, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(handle_, CURLOPT_WRITEDATA, &reply.body);
    if (const CURLcode code = curl_easy_perform(handle_); code != CURLE_OK)
        return fail(curl_easy_strerror(code));
    curl_easy_getinfo(handle_, CURLINFO_RESPONSE_CODE, &reply.status);
    return reply;
}

std::string CtlClient::quoted(std::string_view text) {
    char* const escaped = curl_easy_escape(handle_, text.data(), static_cast<int>(text.size()));
    SLUICE_CHECK(escaped != nullptr);
    std::string copy(escaped);
    curl_free(escaped);
    return copy;
}

}  // namespace sluice::tools
