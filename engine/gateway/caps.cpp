#include "engine/gateway/caps.hpp"

#include "engine/gateway/charging.hpp"

namespace sluice::gateway {

namespace {

std::size_t parts_of(Core& core, const Message& m) {
    if (m.part != 0) return 1;
    const auto pdu = smpp::decode<smpp::MessageBody>(m.body_view(), {true, 255});
    const routing::Account* const account = core.party(m.account).account;
    return pdu ? charged_parts(*pdu, m.body_view(), account != nullptr ? account->text : routing::TextProfile()) : 1;
}

void set_capped(Core& core, Party& party, bool capped) {
    party.capped = capped;
    core.refresh_health(party);
}

}  // namespace

bool count_try(Core& core, Party& party, Message& m) {
    if (party.provider == nullptr || !party.provider->caps.any()) return true;
    const routing::Caps& caps = party.provider->caps;
    const WallTime now = core.now().wall;
    const std::uint64_t parts = caps.counted(parts_of(core, m));
    const auto hour = party.shared->sent.take(caps, now, parts);
    if (!hour) {
        set_capped(core, party, true);
        return false;
    }
    m.counted = static_cast<std::uint8_t>(parts);
    m.counted_in = *hour;
    core.messages->sent_counts().add(party.id, *hour, parts);
    if (!party.shared->sent.open(caps, now)) set_capped(core, party, true);
    return true;
}

void uncount_try(Core& core, Message& m) {
    if (m.counted == 0) return;
    core.party(m.provider).shared->sent.put_back(m.counted_in, m.counted);
    core.messages->sent_counts().take_back(m.provider, m.counted_in, m.counted);
    m.counted = 0;
}

bool look_at_cap(Core& core, Party& party) {
    const bool capped = !party.shared->sent.open(party.provider->caps, core.now().wall);
    if (capped == party.capped) return false;
    set_capped(core, party, capped);
    return true;
}

}  // namespace sluice::gateway
