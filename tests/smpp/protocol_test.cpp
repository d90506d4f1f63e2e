#include <gtest/gtest.h>

#include "codecs/smpp/command.hpp"
#include "codecs/smpp/layout.hpp"
#include "codecs/smpp/status.hpp"
#include "codecs/smpp/tag.hpp"
#include "codecs/smpp/values.hpp"

namespace sluice::smpp {
namespace {

TEST(Protocol, everyCommandIsFoundByIdAndByName) {
    EXPECT_EQ(commands.size(), 39u);
    for (const Command& row : commands) {
        EXPECT_EQ(find_command(row.value), &row);
        EXPECT_EQ(find_command(row.name), &row);
        EXPECT_EQ(name_of(row.value), row.name);
    }
    EXPECT_EQ(find_command("submit_sm")->value, CommandId{4});
    EXPECT_EQ(find_command("submit"), nullptr);
    EXPECT_EQ(find_command(""), nullptr);
}

TEST(Protocol, unknownCommandsAreUnknown) {
    for (const std::uint32_t id : {0u, 0xAu, 0x25u, 0x104u, 0x114u, 0x10200u, 0x7FFFFFFFu, 0x8000000Au, 0x80000102u,
                                   0x80010200u, 0xFFFFFFFFu}) {
        EXPECT_FALSE(known(CommandId{id})) << id;
        EXPECT_TRUE(name_of(CommandId{id}).empty()) << id;
        EXPECT_FALSE(allowed(CommandId{id}, SessionState::bound_trx, Issuer::esme)) << id;
    }
}

TEST(Protocol, requestsHaveTheirResponses) {
    for (const Command& row : commands) {
        if (is_response(row.value)) continue;
        const bool expected = row.value != CommandId::outbind && row.value != CommandId::alert_notification;
        EXPECT_EQ(has_response(row.value), expected) << row.name;
        if (!expected) continue;
        EXPECT_EQ(name_of(response_of(row.value)), std::string(row.name) + "_resp");
        EXPECT_EQ(request_of(response_of(row.value)), row.value);
    }
    EXPECT_FALSE(has_response(CommandId::generic_nack));
    EXPECT_FALSE(has_response(CommandId::submit_sm_resp));
}

TEST(Protocol, everyStatusAndTagIsFound) {
    for (const Status& row : statuses) {
        EXPECT_EQ(find_status(row.value), &row);
        EXPECT_EQ(find_status(row.name), &row);
    }
    for (const TlvRow& row : tlv_rows) {
        EXPECT_EQ(find_tlv(row.value), &row);
        EXPECT_EQ(find_tlv(row.name), &row);
        EXPECT_LE(row.min_length, row.max_length) << row.name;
        EXPECT_NE(row.use, 0) << row.name;
    }
    EXPECT_TRUE(name_of(CommandStatus{0x400}).empty());
    EXPECT_TRUE(name_of(CommandStatus{0xFFFFFFFF}).empty());
    EXPECT_TRUE(name_of(Tag{0x1400}).empty());
    EXPECT_TRUE(name_of(Tag{0xFFFF}).empty());
    EXPECT_TRUE(vendor_specific(Tag{0x1400}));
    EXPECT_FALSE(vendor_specific(Tag{0x4000}));
}

TEST(Protocol, tlvsBelongToTheirCommands) {
    EXPECT_TRUE(defined_for(Tag::message_payload, CommandId::submit_sm));
    EXPECT_TRUE(defined_for(Tag::message_payload, CommandId::data_sm));
    EXPECT_TRUE(defined_for(Tag::receipted_message_id, CommandId::deliver_sm));
    EXPECT_FALSE(defined_for(Tag::receipted_message_id, CommandId::submit_sm));
    EXPECT_TRUE(defined_for(Tag::sc_interface_version, CommandId::bind_transceiver_resp));
    EXPECT_TRUE(defined_for(Tag::congestion_state, CommandId::submit_sm_resp));
    EXPECT_FALSE(defined_for(Tag::congestion_state, CommandId::submit_sm));
    EXPECT_FALSE(defined_for(Tag{0x1400}, CommandId::submit_sm));
}

bool may(CommandId id, SessionState state, Issuer issuer) { return allowed(id, state, issuer); }

TEST(Protocol, whoMaySendWhatWhen) {
    using enum CommandId;
    using enum SessionState;
    for (const SessionState state : {bound_tx, bound_rx, bound_trx}) {
        EXPECT_EQ(may(submit_sm, state, Issuer::esme), state != bound_rx);
        EXPECT_EQ(may(replace_sm, state, Issuer::esme), state != bound_rx);
        EXPECT_EQ(may(deliver_sm, state, Issuer::mc), state != bound_tx);
        EXPECT_EQ(may(deliver_sm_resp, state, Issuer::esme), state != bound_tx);
        EXPECT_FALSE(may(submit_sm, state, Issuer::mc));
        EXPECT_FALSE(may(deliver_sm, state, Issuer::esme));
        EXPECT_FALSE(may(bind_transmitter, state, Issuer::esme));
        for (const Issuer issuer : {Issuer::esme, Issuer::mc}) {
            EXPECT_TRUE(may(data_sm, state, issuer));
            EXPECT_TRUE(may(unbind, state, issuer));
        }
    }
    for (const SessionState state : {open, outbound, bound_tx, bound_rx, bound_trx, unbound, closed})
        for (const CommandId id : {enquire_link, enquire_link_resp, generic_nack})
            for (const Issuer issuer : {Issuer::esme, Issuer::mc}) EXPECT_EQ(may(id, state, issuer), state != closed);
    EXPECT_TRUE(may(bind_receiver, open, Issuer::esme));
    EXPECT_TRUE(may(bind_receiver, outbound, Issuer::esme));
    EXPECT_TRUE(may(bind_receiver_resp, open, Issuer::mc));
    EXPECT_FALSE(may(bind_receiver, open, Issuer::mc));
    EXPECT_TRUE(may(outbind, open, Issuer::mc));
    EXPECT_FALSE(may(outbind, outbound, Issuer::mc));
    EXPECT_FALSE(may(outbind, open, Issuer::esme));
    EXPECT_FALSE(may(submit_sm, open, Issuer::esme));
    EXPECT_FALSE(may(unbind, open, Issuer::esme));
}

TEST(Protocol, everyCommandHasABody) {
    for (const Command& row : commands) EXPECT_TRUE(with_body_of(row.value, [](auto) {})) << row.name;
    EXPECT_FALSE(with_body_of(CommandId{0x7777}, [](auto) { FAIL(); }));
}

TEST(Protocol, messageStates) {
    for (std::uint32_t i = 0; i < message_states.size(); ++i) {
        const auto state = message_state_from(i);
        ASSERT_TRUE(state);
        EXPECT_EQ(row_of(*state).value, *state);
        EXPECT_EQ(row_of(*state).stat.size(), 7u);
    }
    EXPECT_FALSE(message_state_from(10));
}

}  // namespace
}  // namespace sluice::smpp
