#include "engine/gateway/home.hpp"

#include "engine/gateway/convert.hpp"
#include "engine/routing/keyword.hpp"

namespace sluice::gateway {
namespace {

/// What the parts of one message have in common.
std::uint64_t common_key(const routing::HomeRequest& request, PartyId provider, const sms::Concatenation& part) {
    const std::uint64_t numbers = routing::stable_key(request.source.text()) * 0x9E3779B97F4A7C15u ^
                                  routing::stable_key(request.destination.text());
    const std::uint64_t rest = std::uint64_t{provider} << 32 | std::uint64_t{part.reference} << 16 |
                               std::uint64_t{part.total} << 8 | part.wide;
    return (numbers ^ rest * 0xBF58476D1CE4E5B9u) * 0x94D049BB133111EBu;
}

std::string keyword_in(Core& core, const Party& provider, const smpp::MessageBody& pdu,
                       const routing::HomeRequest& request) {
    static constexpr routing::TextProfile unknown{};
    const auto part = part_of(pdu);
    PartKeywords& of_parts = core.accounts->part_keywords();
    if (part && part->part > 1) return of_parts.find(common_key(request, provider.id, *part));
    std::string word = routing::keyword_of(
        text_in_utf8(pdu, provider.provider != nullptr ? provider.provider->text : unknown));
    if (!word.empty() && part && part->total > 1) of_parts.put(common_key(request, provider.id, *part), word);
    return word;
}

/// Some rule, or some database, wants to know the keyword.
bool wants_keyword(const Core& core) {
    return core.snapshot->homes().wants_keyword() ||
           (core.number_owners != nullptr && core.number_owners->wants_keyword());
}

}  // namespace

routing::HomeRequest home_request(Core& core, const Party& provider, const smpp::MessageBody& pdu) {
    const std::string_view country = provider.provider != nullptr ? std::string_view(provider.provider->country_code)
                                                                  : std::string_view();
    routing::HomeRequest request;
    request.provider = provider.provider != nullptr ? provider.provider->id : routing::no_provider;
    request.destination = routing::Address::normalise(pdu.destination_addr, pdu.dest_addr_ton, country);
    request.source = routing::Address::normalise(pdu.source_addr, pdu.source_addr_ton, country);
    if (wants_keyword(core)) request.word = keyword_in(core, provider, pdu, request);
    if (!request.word.empty()) request.keyword = routing::stable_key(request.word);
    return request;
}

namespace {

/// The configuration leaves it to others.
bool left_over(Core& core, const routing::HomeDecision& decision) {
    using By = routing::HomeDecision::By;
    return decision.by == By::nobody ||
           (decision.by == By::rule && core.snapshot->homes().rules()[decision.rule].for_the_rest());
}

bool databases_know(const Core& core, const routing::HomeRequest& request) {
    return core.number_owners != nullptr && core.number_owners->on() && request.destination.numeric();
}

}  // namespace

accounts::NumberOwners::Question question_of(const routing::HomeRequest& request) {
    return {std::string(request.destination.text()), request.word};
}

Owners owners_of(Core& core, const routing::HomeRequest& request, const accounts::NumberOwners::Answer* answer) {
    const routing::HomeDecision decision = core.snapshot->home(request);
    Owners owners;
    if (left_over(core, decision)) {
        if (const PartyId found = core.found_accounts.of_number(request.destination)) return {1, {found}};
        if (databases_know(core, request)) {
            const auto remembered =
                answer == nullptr ? core.number_owners->remembered(question_of(request)) : std::nullopt;
            if (remembered) answer = &*remembered;
            if (answer == nullptr || answer->away) {
                core.owners_missed = true;
                return owners;
            }
            for (const std::string& owner : answer->owners) owners.parties[owners.count++] = party_of_account(owner);
            if (owners.count > 0) return owners;
        }
    }
    for (const routing::AccountId id : decision.owners())
        owners.parties[owners.count++] = party_of(core.snapshot->accounts()[id]);
    return owners;
}

bool must_ask(Core& core, const routing::HomeRequest& request) {
    return databases_know(core, request) && left_over(core, core.snapshot->home(request)) &&
           core.found_accounts.of_number(request.destination) == 0 &&
           !core.number_owners->remembered(question_of(request));
}

}  // namespace sluice::gateway
