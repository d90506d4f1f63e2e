#include "engine/app/admin_api.hpp"
#include "engine/app/admin_json.hpp"
#include "engine/app/admin_shards.hpp"
#include "engine/gateway/charging.hpp"

namespace sluice::app {

namespace {
constexpr Money most_at_once = Money::of(1'000'000'000'000);
}

/// {"amount": "12.50", "reference": "invoice 7"}: books an amount, below zero as a correction. Under a reference it is
/// booked once, however often it is asked for.
HttpResponse AdminApi::top_up(std::string_view system_id, const HttpRequest& request) {
    const Json body = Json::parse(request.body, nullptr, false);
    const auto text_of = [&](const char* field) {
        return body.is_object() && body.contains(field) && body[field].is_string() ? body[field].get<std::string>()
                                                                                   : std::string();
    };
    const std::string reference = text_of("reference");
    const auto amount = parse_money(text_of("amount"));
    if (!amount || *amount == Money{} || *amount > most_at_once || *amount < Money{} - most_at_once)
        return json_error(400, R"(expected {"amount": "12.50"}, up to a million million and six decimals, not zero; )"
                               R"(with or without "reference")");
    if (reference.size() > gateway::Movement::most_text)
        return json_error(400, "a reference has up to " + std::to_string(gateway::Movement::most_text) + " characters");
    const auto account = gateway_.find_account(system_id);
    if (account == nullptr) return json_error(404, "there is no account " + std::string(system_id));
    if (!account->charging.on()) return json_error(409, std::string(system_id) + " is not charged: it has no balance");

    if (account->charging.mode == routing::ChargingMode::database)
        return json_error(409, "the credits of " + std::string(system_id) +
                                   " are in their database, and paid in there");

    struct Answer {
        bool booked = false;
        Money available;
    };
    const gateway::PartyId id = gateway::party_of(*account);
    const std::uint32_t owner = gateway::owner_shard(id, static_cast<std::uint32_t>(gateway_.shards()));
    const auto found = ask_slowly<Answer>(gateway_, owner, [=, amount = *amount](gateway::Shard& shard, auto answer) {
        gateway::top_up(shard.core(), id, amount, reference, [&core = shard.core(), id, answer](bool booked) {
            answer({booked, {core.party(id).shared->available.load()}});
        });
    });
    if (!found) return no_answer(owner);
    if (found->booked)
        log_('I', std::string(system_id) + " was credited " + to_string(*amount) +
                      (reference.empty() ? "" : ", reference " + reference));
    return json_reply({{"system_id", system_id},
                       {"amount", to_string(*amount)},
                       {"booked", found->booked},
                       {"available", to_string(found->available)}});
}

}  // namespace sluice::app
