#include "engine/routing/provider.hpp"

namespace sluice::routing {

std::string HostPort::to_string() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string_view to_string(ProviderBind bind) {
    switch (bind) {
        case ProviderBind::transceiver: return "transceiver";
        case ProviderBind::pair: return "pair";
        case ProviderBind::transmitter: return "transmitter";
        case ProviderBind::receiver: return "receiver";
    }
    return "?";
}

std::string_view to_string(TlvMeaning meaning) {
    switch (meaning) {
        case TlvMeaning::none: return "none";
        case TlvMeaning::message_id: return "message_id";
        case TlvMeaning::message_state: return "message_state";
        case TlvMeaning::error: return "error";
        case TlvMeaning::mcc_mnc: return "mcc_mnc";
        case TlvMeaning::done_date: return "done_date";
    }
    return "?";
}

}  // namespace sluice::routing
