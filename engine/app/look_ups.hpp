#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/http/client.hpp"
#include "engine/script/look_up.hpp"
#include "engine/sql/database.hpp"

namespace sluice::app {

/// Answers what scripts ask of the outside: by the databases of the configuration, and by HTTP. Thread-safe.
class LookUps final : public script::LookUps {
public:
    using Databases = std::map<std::string, std::unique_ptr<sql::Database>>;

    /// `databases` outlives it and does not change.
    LookUps(const Databases& databases, http::ClientConfig config);

    bool start(const script::LookUp& wanted, Done done) override;
    milliseconds time_limit(const script::LookUp& wanted) const override;

    http::Client::Stats http_stats() const { return http_.stats(); }

private:
    const Databases& databases_;
    http::Client http_;
};

}  // namespace sluice::app
