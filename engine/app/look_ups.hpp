#pragma once

#include "engine/http/client.hpp"
#include "engine/script/look_up.hpp"
#include "engine/sql/databases.hpp"

namespace sluice::app {

/// Answers what scripts ask of the outside: by the databases of the configuration, and by HTTP. Thread-safe.
class LookUps final : public script::LookUps {
public:
    /// `databases` outlives it.
    LookUps(const sql::Databases& databases, http::ClientConfig config);

    bool start(const script::LookUp& wanted, Done done) override;
    milliseconds time_limit(const script::LookUp& wanted) const override;

    http::Client::Stats http_stats() const { return http_.stats(); }

private:
    const sql::Databases& databases_;
    http::Client http_;
};

}  // namespace sluice::app
