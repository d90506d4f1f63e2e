#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/check.hpp"

namespace sluice::http {

/// A web server on loopback, with a thread a connection, that says what the test wants, octet for octet.
class Server {
public:
    /// The head and body of a request to the octets of the answer. An empty
    /// answer: none at all, and the connection stays.
    using Handler = std::function<std::string(const std::string& request)>;

    explicit Server(Handler handler) : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        SLUICE_CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
        SLUICE_CHECK(::listen(listener_, 128) == 0);
        SLUICE_CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        port_ = ntohs(address.sin_port);
        accepting_ = std::thread([this] { accept_all(); });
    }
    ~Server() {
        ::shutdown(listener_, SHUT_RDWR);
        accepting_.join();
        {
            const std::lock_guard lock(mutex_);
            for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
        }
        for (std::thread& thread : threads_) thread.join();
        ::close(listener_);
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::string url(const std::string& path = "/") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

    static std::string answer(const std::string& body, const std::string& status = "200 OK",
                              const std::string& headers = {}) {
        return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers + "\r\n" +
               body;
    }

    std::atomic<int> connections{0}, requests{0};

private:
    void accept_all() {
        for (;;) {
            const int connection = ::accept(listener_, nullptr, nullptr);
            if (connection < 0) return;
            ++connections;
            const std::lock_guard lock(mutex_);
            open_.insert(connection);
            threads_.emplace_back([this, connection] { serve(connection); });
        }
    }
    void serve(int connection) {
        std::string text;
        while (read_request(connection, text)) {
            ++requests;
            const std::string answer = handler_(text);
            text.clear();
            if (!answer.empty() && !send_all(connection, answer)) break;
        }
        const std::lock_guard lock(mutex_);
        open_.erase(connection);
        ::close(connection);
    }
    static bool read_request(int connection, std::string& text) {
        for (;;) {
            const std::size_t head = text.find("\r\n\r\n");
            if (head != std::string::npos) {
                const std::size_t at = text.find("Content-Length: ");
                const std::size_t body = at < head ? std::stoul(text.substr(at + 16)) : 0;
                if (text.size() >= head + 4 + body) return true;
            }
            char piece[4096];
            const ssize_t got = ::recv(connection, piece, sizeof piece, 0);
            if (got <= 0) return false;
            text.append(piece, static_cast<std::size_t>(got));
        }
    }
    static bool send_all(int connection, std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(connection, text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    const Handler handler_;
    const int listener_;
    std::uint16_t port_ = 0;
    std::thread accepting_;
    std::mutex mutex_;
    std::set<int> open_;
    std::vector<std::thread> threads_;
};

}  // namespace sluice::http
