#include "engine/http/client.hpp"

#include <curl/curl.h>
#include <pthread.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "engine/base/check.hpp"

namespace sluice::http {
namespace {

/// Octets of an answer's header lines together.
constexpr std::size_t max_header_octets = 64 * 1024;
/// A request that was given up keeps its place while its name is looked up, since the look-up cannot be stopped; longer
/// than resolvers take.
constexpr nanoseconds longest_name_look_up = std::chrono::minutes(2);

MonoTime now() { return std::chrono::steady_clock::now(); }

void initialize() {
    static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
    SLUICE_CHECK(done == CURLE_OK);
}

/// One request under way.
struct Transfer {
    Client::Done done;          ///< empty once it is answered
    Request request;
    MonoTime deadline;
    CURL* handle = nullptr;
    curl_slist* headers = nullptr;
    std::string body;
    std::size_t max_body = 0;
    std::size_t header_octets = 0;
    const char* cut = nullptr;  ///< why we ended it ourselves
    bool opened = false;        ///< it has an address
    char error[CURL_ERROR_SIZE] = "";

    ~Transfer() {
        curl_easy_cleanup(handle);
        curl_slist_free_all(headers);
    }
};

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* its) {
    auto& transfer = *static_cast<Transfer*>(its);
    const std::size_t octets = size * count;
    if (octets > transfer.max_body - transfer.body.size()) {
        transfer.cut = "the answer is too large";
        return 0;
    }
    transfer.body.append(data, octets);
    return octets;
}

std::size_t take_header(char*, std::size_t size, std::size_t count, void* its) {
    auto& transfer = *static_cast<Transfer*>(its);
    const std::size_t octets = size * count;
    transfer.header_octets += octets;
    if (transfer.header_octets <= max_header_octets) return octets;
    transfer.cut = "the answer's headers are too large";
    return 0;
}

curl_socket_t open_socket(void* its, curlsocktype, curl_sockaddr* address) {
    auto& transfer = *static_cast<Transfer*>(its);
    transfer.opened = true;
    if (!transfer.done) return CURL_SOCKET_BAD;  // it was late already
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void prepare(Transfer& transfer, const ClientConfig& config) {
    CURL* const handle = transfer.handle = curl_easy_init();
    SLUICE_CHECK(handle != nullptr);
    const Request& request = transfer.request;
    curl_easy_setopt(handle, CURLOPT_PRIVATE, &transfer);
    curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer.error);
    curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(handle, CURLOPT_QUICK_EXIT, 1L);  // our end does not wait for a name server
    curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
    curl_easy_setopt(handle, CURLOPT_USERAGENT, "Sluice");
    curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
    if (!config.ca_file.empty()) {
        curl_easy_setopt(handle, CURLOPT_CAINFO, config.ca_file.c_str());
        curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
    }
    if (request.method == "POST") {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
        // No question first whether the body is welcome: servers that do not answer it cost a second.
        transfer.headers = curl_slist_append(transfer.headers, "Expect:");
    }
    for (const auto& [name, value] : request.headers)
        transfer.headers = curl_slist_append(transfer.headers, (name + ": " + value).c_str());
    curl_easy_setopt(handle, CURLOPT_HTTPHEADER, transfer.headers);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
}

bool name_is_looked_up(const Transfer& transfer) {
    if (transfer.opened) return false;
    curl_off_t microseconds = 0;  // until the name was known; also set where a connection was taken up again
    curl_easy_getinfo(transfer.handle, CURLINFO_NAMELOOKUP_TIME_T, &microseconds);
    return microseconds == 0;
}

}  // namespace

class Client::Worker {
public:
    explicit Worker(ClientConfig config) : config_(std::move(config)) {
        initialize();
        config_.connections = std::clamp(config_.connections, 1u, 1000u);
        config_.queue = std::max(config_.queue, 1u);
        multi_ = curl_multi_init();
        SLUICE_CHECK(multi_ != nullptr);
        curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(config_.connections));
        thread_ = std::thread([this] { run(); });
        pthread_setname_np(thread_.native_handle(), "http");
    }

    ~Worker() {
        {
            const std::lock_guard lock(mutex_);
            ending_ = true;
        }
        curl_multi_wakeup(multi_);
        thread_.join();
        for (const auto& transfer : running_) curl_multi_remove_handle(multi_, transfer->handle);
        running_.clear();
        curl_multi_cleanup(multi_);
    }

    bool ask(Request request, Done done) {
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.size() >= config_.queue) {
                ++stats_.refused;
                return false;
            }
            const MonoTime deadline = now() + request.timeout;
            waiting_.push_back({std::move(request), std::move(done), deadline});
        }
        curl_multi_wakeup(multi_);
        return true;
    }

    Stats stats() const {
        const std::lock_guard lock(mutex_);
        Stats present = stats_;
        present.waiting = waiting_.size();
        return present;
    }

private:
    struct Waiting {
        Request request;
        Done done;
        MonoTime deadline;
    };

    void run() {
        while (!ending()) {
            give_up_waiting();
            while (running_.size() < config_.connections && begin_next()) {}
            int active = 0;
            curl_multi_perform(multi_, &active);
            int left = 0;
            while (CURLMsg* const message = curl_multi_info_read(multi_, &left))
                if (message->msg == CURLMSG_DONE) finished(message->easy_handle, message->data.result);
            give_up_running();
            note_running();
            if (!can_begin()) curl_multi_poll(multi_, nullptr, 0, patience(), nullptr);
        }
    }

    bool ending() const {
        const std::lock_guard lock(mutex_);
        return ending_;
    }

    bool can_begin() const {
        const std::lock_guard lock(mutex_);
        return !waiting_.empty() && running_.size() < config_.connections;
    }

    void note_running() {
        const std::lock_guard lock(mutex_);
        stats_.running = running_.size();
    }

    bool begin_next() {
        std::optional<Waiting> next;
        {
            const std::lock_guard lock(mutex_);
            if (waiting_.empty()) return false;
            next.emplace(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        auto transfer = std::make_unique<Transfer>();
        transfer->request = std::move(next->request);
        transfer->done = std::move(next->done);
        transfer->deadline = next->deadline;
        transfer->max_body = config_.max_body;
        prepare(*transfer, config_);
        curl_multi_add_handle(multi_, transfer->handle);
        running_.push_back(std::move(transfer));
        return true;
    }

    void answer(Done done, Outcome outcome, std::uint64_t Stats::*counter) {
        if (!done) return;
        {
            const std::lock_guard lock(mutex_);
            ++(stats_.*counter);
        }
        done(std::move(outcome));
    }

    void late(Done done) { answer(std::move(done), std::unexpected("no answer in time"), &Stats::late); }

    std::unique_ptr<Transfer> take(const Transfer& wanted) {
        const auto found = std::ranges::find(running_, &wanted, [](const auto& its) { return its.get(); });
        auto taken = std::move(*found);
        running_.erase(found);
        curl_multi_remove_handle(multi_, taken->handle);
        return taken;
    }

    void finished(CURL* handle, CURLcode result) {
        char* its = nullptr;
        curl_easy_getinfo(handle, CURLINFO_PRIVATE, &its);
        const auto transfer = take(*reinterpret_cast<Transfer*>(its));
        Done done = std::exchange(transfer->done, nullptr);
        if (result == CURLE_OK) {
            long status = 0;
            curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
            return answer(std::move(done), Response{static_cast<int>(status), std::move(transfer->body)},
                          &Stats::answered);
        }
        std::string why = transfer->cut != nullptr ? transfer->cut
                          : transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(result);
        answer(std::move(done), std::unexpected(std::move(why)), &Stats::failed);
    }

    void give_up_waiting() {
        const MonoTime present = now();
        for (;;) {
            Done done;
            {
                const std::lock_guard lock(mutex_);
                const auto expired =
                    std::ranges::find_if(waiting_, [&](const Waiting& one) { return one.deadline <= present; });
                if (expired == waiting_.end()) return;
                done = std::move(expired->done);
                waiting_.erase(expired);
            }
            late(std::move(done));
        }
    }

    void give_up_running() {
        const MonoTime present = now();
        for (std::size_t i = 0; i < running_.size();) {
            Transfer& transfer = *running_[i];
            if (transfer.deadline > present) {
                ++i;
                continue;
            }
            Done done = std::exchange(transfer.done, nullptr);
            // libcurl's thread that asks the name server cannot be ended: it
            // counts as a connection until it is through.
            if (name_is_looked_up(transfer) && present < transfer.deadline + longest_name_look_up) ++i;
            else take(transfer);
            if (done) late(std::move(done));
        }
    }

    /// How long nothing has to be done, in milliseconds.
    int patience() const {
        MonoTime next = now() + std::chrono::minutes(10);
        for (const auto& transfer : running_)
            next = std::min(next, transfer->done ? transfer->deadline : transfer->deadline + longest_name_look_up);
        const std::lock_guard lock(mutex_);
        for (const Waiting& one : waiting_) next = std::min(next, one.deadline);
        return static_cast<int>(std::max<std::int64_t>(std::chrono::ceil<milliseconds>(next - now()).count(), 0));
    }

    ClientConfig config_;
    CURLM* multi_ = nullptr;
    std::vector<std::unique_ptr<Transfer>> running_;  ///< of the thread alone

    mutable std::mutex mutex_;  ///< of everything below; never held in a callback
    bool ending_ = false;
    std::deque<Waiting> waiting_;
    Stats stats_;

    std::thread thread_;
};

Client::Client(ClientConfig config) : worker_(std::make_unique<Worker>(std::move(config))) {}
Client::~Client() = default;

bool Client::ask(Request request, Done done) { return worker_->ask(std::move(request), std::move(done)); }
Client::Stats Client::stats() const { return worker_->stats(); }

}  // namespace sluice::http
