#pragma once

#include <string>
#include <vector>

#include "engine/base/random.hpp"
#include "engine/routing/provider.hpp"
#include "ledger.hpp"

namespace sluice::sim {

/// The providers' caps in a simulation: time goes on by whole hours, and in none of them a provider takes more than it
/// may.
class Caps {
public:
    explicit Caps(bool on) : on_(on) {}

    bool on() const { return on_; }
    /// pa has a cap by the hour and one by the day, pb one by the hour.
    void set(routing::Provider& provider) const {
        if (on_) provider.caps = of(provider.name);
    }
    /// A tenth of a second has passed: whether the next hour begins now.
    bool hour_begins() { return on_ && ++tenths_ % tenths_per_hour_ == 0; }
    /// Faults are over.
    void behave() { tenths_per_hour_ = 30; }
    void judge(const Ledger& ledger, std::vector<std::string>& found);
    /// Hours in which a provider took nearly all that it may, by `judge`.
    std::size_t full_hours() const { return full_hours_; }

private:
    static routing::Caps of(const std::string& provider) {
        return provider == "pa" ? routing::Caps{150, 1200} : routing::Caps{100, 0};
    }
    void judge(const std::string& provider, const std::vector<Ledger::Taken>& taken, std::uint32_t hours,
               std::uint64_t most, std::vector<std::string>& found);

    bool on_;
    int tenths_ = 0, tenths_per_hour_ = 80;
    std::size_t full_hours_ = 0;
};

}  // namespace sluice::sim
