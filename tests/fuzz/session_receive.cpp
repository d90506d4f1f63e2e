// A session and its owner against a peer that sends anything: octets, PDUs of any command, in and out of turn, while
// the owner sends, answers, waits and unbinds. tests/session/checked_owner.hpp says what must hold.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "tests/session/checked_owner.hpp"

namespace sluice::session::test {
namespace {

/// The fuzzer's octets as a sequence of choices; zeros after their end.
class Choices {
public:
    explicit Choices(ByteView data) : data_(data) {}

    bool empty() const { return data_.empty(); }
    std::uint8_t octet() { return empty() ? std::uint8_t{0} : take(1)[0]; }
    ByteView take(std::size_t size) {
        const ByteView front = data_.first(std::min(size, data_.size()));
        data_ = data_.subspan(front.size());
        return front;
    }

private:
    ByteView data_;
};

CommandId command(std::uint8_t choice) {
    if (choice < smpp::commands.size()) return smpp::commands[choice].value;
    return CommandId{choice};
}

std::vector<std::uint8_t> a_pdu(Choices& choices) {
    const CommandId id = command(choices.octet());
    const std::uint8_t status = choices.octet();
    const std::uint8_t sequence = choices.octet();  // small, so that answers find their requests
    const ByteView body = choices.take(choices.octet());
    const auto length = static_cast<std::uint32_t>(smpp::header_size + body.size());
    std::vector<std::uint8_t> octets(smpp::header_size);
    smpp::write_header(octets.data(), {length, id, CommandStatus{status}, sequence});
    octets.insert(octets.end(), body.begin(), body.end());
    return octets;
}

void step(CheckedOwner& owner, Role role, Choices& choices) {
    const std::uint8_t choice = choices.octet();
    switch (choice % 10) {
        case 0: return owner.arrive(choices.take(choices.octet()));
        case 1:
        case 2:
        case 3: return owner.arrive(a_pdu(choices));
        case 4: {
            const CommandId id = command(choices.octet());
            if (!smpp::is_response(id) && id != CommandId::unbind) owner.send(id);
            return;
        }
        case 5: return owner.respond(choices.octet(), CommandStatus{choices.octet()});
        case 6: return owner.pass(milliseconds(100) * choices.octet());
        case 7:
            if (role == Role::message_centre) return owner.settle_bind(choice < 200);
            return owner.bind(choice < 100 ? CommandId::bind_transceiver : CommandId::bind_receiver);
        case 8:
            if (role == Role::message_centre && choice > 128) owner.outbind();
            return owner.offer();
        default:
            if (choice < 32) owner.session.unbind(owner.now);
            if (choice > 250) owner.session.connection_lost(owner.now);
    }
}

}  // namespace
}  // namespace sluice::session::test

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sluice::session;
    test::Choices choices({data, size});
    const std::uint8_t shape = choices.octet();
    SessionConfig config;
    config.role = shape & 1 ? Role::esme : Role::message_centre;
    config.window = 1u + (shape >> 1 & 3);
    config.peer_window = 1u + (shape >> 3 & 3);
    config.timers.enquire_link = sluice::seconds(shape >> 5 & 1 ? 4 : 0);
    config.timers.inactivity = sluice::seconds(shape >> 6 & 1 ? 9 : 0);
    config.timers.response = sluice::seconds(2);
    test::CheckedOwner owner(config, choices.octet());
    while (!choices.empty()) {
        test::step(owner, config.role, choices);
        owner.check();
    }
    owner.session.connection_lost(owner.now);
    owner.check();
    return 0;
}
