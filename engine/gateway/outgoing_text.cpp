#include "engine/gateway/outgoing_text.hpp"

#include "engine/gateway/convert.hpp"

namespace sluice::gateway {

bool convert_outgoing(Core& core, const Party& party, const Message& m, bool tlvs, Outgoing& out) {
    static constexpr routing::TextProfile unpacked{};
    const routing::TextProfile *from = nullptr, *to = nullptr;
    const bool report = m.leg == Leg::report || m.kind == Kind::notice;
    if (report) {
        // Its text is in the account's alphabet already, but for the packing.
        if (party.account == nullptr || party.account->text.default_alphabet != routing::Alphabet::gsm7_packed)
            return true;
        from = &unpacked;
        to = &party.account->text;
    } else if (m.kind == Kind::submitted) {
        const routing::Account* account = core.party(m.account).account;
        if (account != nullptr) from = &account->text;
        if (party.provider != nullptr) to = &party.provider->text;
    } else {
        const routing::Provider* provider = core.party(m.provider).provider;
        if (provider != nullptr) from = &provider->text;
        if (party.account != nullptr) to = &party.account->text;
    }
    if (m.own_text) from = &parts_profile;
    // Whose profile the configuration has lost says nothing about its text.
    if (from == nullptr || to == nullptr) from = to = &unpacked;
    if (tlvs && *from == *to && to->segmentation == routing::Segmentation::as_is) return true;

    static thread_local std::vector<std::uint8_t> converted;
    switch (convert(report ? out.body : m.body_view(), *from, *to, tlvs, converted)) {
        case Conversion::as_it_is: return true;
        case Conversion::refused: return false;
        case Conversion::converted: break;
    }
    out.body = converted;  // what stands before registered_delivery has kept its length
    return true;
}

ByteView without_tlvs(const Party& account, ByteView body) {
    static constexpr routing::TextProfile unknown{};
    static thread_local std::vector<std::uint8_t> converted;
    const routing::TextProfile& text = account.account != nullptr ? account.account->text : unknown;
    return convert(body, text, text, false, converted) == Conversion::converted ? ByteView(converted) : cut_tlvs(body);
}

}  // namespace sluice::gateway
