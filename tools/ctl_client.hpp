#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace sluice::tools {

/// Talks HTTP to the admin port of a gateway on this machine.
class CtlClient {
public:
    /// `address`: "HOST:PORT".
    explicit CtlClient(std::string address);
    ~CtlClient();
    CtlClient(const CtlClient&) = delete;
    CtlClient& operator=(const CtlClient&) = delete;

    struct Reply {
        long status = 0;
        std::string body;
    };
    /// An error means that no gateway answers there; whatever it answers is a reply.
    Result<Reply> request(std::string_view method, const std::string& path, const std::string& body = {});

    /// For a part of a path or query.
    std::string quoted(std::string_view text);
    const std::string& address() const { return address_; }

private:
    std::string address_;
    void* handle_;
};

}  // namespace sluice::tools
