#include "engine/app/message_centre.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "codecs/smpp/receipt.hpp"
#include "engine/app/client.hpp"
#include "tests/tools/raw_esme.hpp"

namespace sluice::tools::test {
namespace {

using app::IdStyle;
using app::MessageCentre;
using app::MessageCentreOptions;
using smpp::CommandId;
using smpp::CommandStatus;
using smpp::MessageState;

MessageCentreOptions options() {
    MessageCentreOptions o;
    o.listen = *io::Endpoint::parse("127.0.0.1:0");
    o.first_id = 1000;
    return o;
}

std::unique_ptr<MessageCentre> start(const MessageCentreOptions& o) {
    auto centre = MessageCentre::start(o);
    SLUICE_CHECK(centre.has_value());
    return std::move(*centre);
}

/// Submits so many messages and writes down what comes back.
struct Customer final : app::ClientEvents {
    explicit Customer(std::uint64_t messages) : to_send(messages) {
        pdu.source_addr = "447700900001";
        pdu.destination_addr = "447700900002";
        pdu.registered_delivery = 1;
        pdu.short_message = as_bytes("hello");
    }

    const smpp::SubmitSm* next(std::uint64_t& cookie) override {
        if (sent == to_send) return nullptr;
        cookie = sent++;
        return &pdu;
    }
    void on_answer(std::uint64_t, CommandStatus status, std::string_view id) override {
        statuses.push_back(status);
        if (status == CommandStatus::ESME_ROK) ids.emplace_back(id);
    }
    void on_unanswered(std::uint64_t) override { ++unanswered; }
    CommandStatus on_deliver(const smpp::DeliverSm& deliver) override {
        const smpp::Receipt receipt = smpp::read_receipt(deliver);
        if (receipt.kind == smpp::ReceiptKind::none) {
            originated.push_back(std::string(deliver.source_addr) + ">" + std::string(deliver.destination_addr) + ":" +
                                 std::string(as_text(deliver.short_message)));
        } else {
            receipt_ids.emplace_back(receipt.message_id);
            states.insert(*receipt.state);
        }
        return CommandStatus::ESME_ROK;
    }
    void on_down(std::string reason) override { down = std::move(reason); }

    std::size_t finished() const { return statuses.size() + unanswered; }

    smpp::SubmitSm pdu;
    std::uint64_t to_send, sent = 0, unanswered = 0;
    std::vector<CommandStatus> statuses;
    std::vector<std::string> ids, receipt_ids, originated;
    std::multiset<MessageState> states;
    std::string down;
};

app::ClientOptions client_options(const MessageCentre& centre) {
    app::ClientOptions o;
    o.endpoint = centre.listening();
    o.bind.system_id = "esme";
    o.bind.password = "secret";
    return o;
}

/// Turns until `done`; the test's own time limit is meson's.
template <class Done>
void turn_until(app::Client& client, Done&& done) {
    while (!done()) client.turn(milliseconds(50));
}

/// One client, from bind to unbind.
void exchange(const app::ClientOptions& o, Customer& customer, std::size_t receipts) {
    auto client = app::Client::open(o, customer);
    ASSERT_TRUE(client);
    turn_until(**client, [&] {
        return !customer.down.empty() ||
               (customer.finished() == customer.to_send && customer.receipt_ids.size() >= receipts);
    });
    (*client)->unbind();
    turn_until(**client, [&] { return (*client)->alive() == 0; });
}

TEST(MessageCentre, AnswersAndReceiptsEveryMessage) {
    for (const auto backend : {io::BackendChoice::automatic, io::BackendChoice::epoll}) {
        MessageCentreOptions o = options();
        o.io = backend;
        const auto centre = start(o);
        Customer customer(5000);
        app::ClientOptions c = client_options(*centre);
        c.binds = 3;
        c.window = 50;
        c.io = backend;
        exchange(c, customer, 5000);
        EXPECT_EQ(std::set(customer.ids.begin(), customer.ids.end()).size(), 5000u) << customer.down;
        EXPECT_EQ(std::multiset(customer.ids.begin(), customer.ids.end()),
                  std::multiset(customer.receipt_ids.begin(), customer.receipt_ids.end()));
        EXPECT_EQ(customer.states.count(MessageState::delivered), 5000u);
        centre->stop(seconds(5));
        EXPECT_EQ(centre->counters().submits.value(), 5000u);
        EXPECT_EQ(centre->counters().accepted.value(), 5000u);
        EXPECT_EQ(centre->counters().receipts_acked.value(), 5000u);
        EXPECT_EQ(centre->counters().pending.value(), 0);
        EXPECT_EQ(centre->counters().sessions.value(), 0);
    }
}

TEST(MessageCentre, WritesIdsAsAsked) {
    struct Case {
        IdStyle response, receipt;
        std::string response_id, receipt_id;
    };
    const Case cases[] = {
        {{}, {}, "48879", "48879"},
        {{IdStyle::Base::hex, 0}, {}, "beef", "48879"},
        {{IdStyle::Base::hex_upper, 8}, {IdStyle::Base::decimal, 10}, "0000BEEF", "0000048879"},
        {{}, {IdStyle::Base::hex, 64}, "48879", std::string(60, '0') + "beef"},
    };
    for (const Case& each : cases) {
        MessageCentreOptions o = options();
        o.first_id = 48879;
        o.response_id = each.response;
        o.receipt_id = each.receipt;
        const auto centre = start(o);
        Customer customer(1);
        exchange(client_options(*centre), customer, 1);
        EXPECT_EQ(customer.ids, std::vector{each.response_id});
        EXPECT_EQ(customer.receipt_ids, std::vector{each.receipt_id});
    }
}

std::vector<CommandStatus> statuses_with_seed(std::uint64_t seed) {
    MessageCentreOptions o = options();
    o.seed = seed;
    o.errors.shares = {{CommandStatus::ESME_RSYSERR, 20}, {CommandStatus::ESME_RSUBMITFAIL, 30}};
    const auto centre = start(o);
    Customer customer(400);
    exchange(client_options(*centre), customer, 0);
    return customer.statuses;
}

TEST(MessageCentre, TheSeedDecidesTheErrors) {
    const auto once = statuses_with_seed(7);
    EXPECT_EQ(once, statuses_with_seed(7));
    EXPECT_NE(once, statuses_with_seed(8));
    EXPECT_NEAR(static_cast<double>(std::ranges::count(once, CommandStatus::ESME_RSYSERR)), 80, 40);
    EXPECT_NEAR(static_cast<double>(std::ranges::count(once, CommandStatus::ESME_RSUBMITFAIL)), 120, 50);
}

TEST(MessageCentre, OutcomesFollowTheirMix) {
    MessageCentreOptions o = options();
    o.outcomes.shares = {{MessageState::undeliverable, 50}, {MessageState::expired, 50}};
    const auto centre = start(o);
    Customer customer(200);
    exchange(client_options(*centre), customer, 200);
    EXPECT_EQ(customer.states.count(MessageState::delivered), 0u);
    EXPECT_GT(customer.states.count(MessageState::undeliverable), 50u);
    EXPECT_GT(customer.states.count(MessageState::expired), 50u);
}

TEST(MessageCentre, SomeReceiptsNeverCome) {
    MessageCentreOptions o = options();
    o.receipt_lost = 50;
    const auto centre = start(o);
    Customer customer(200);
    exchange(client_options(*centre), customer, 60);  // they come at once, or not at all
    EXPECT_EQ(customer.ids.size(), 200u);
    EXPECT_LT(customer.states.size(), 140u);
    EXPECT_GE(customer.states.size(), 60u);
}

TEST(MessageCentre, ThrottlesBeyondItsRate) {
    MessageCentreOptions o = options();
    o.rate = 1;
    const auto centre = start(o);
    Customer customer(200);
    exchange(client_options(*centre), customer, 0);
    EXPECT_GT(std::ranges::count(customer.statuses, CommandStatus::ESME_RTHROTTLED), 0);
    EXPECT_GT(customer.ids.size(), 0u);
    EXPECT_EQ(std::ranges::count(customer.statuses, CommandStatus::ESME_RTHROTTLED) + std::ssize(customer.ids), 200);
}

TEST(MessageCentre, OrSlowsDown) {
    MessageCentreOptions o = options();
    o.rate = 500;
    o.slow_down = true;
    const auto centre = start(o);
    Customer customer(100);
    exchange(client_options(*centre), customer, 100);
    EXPECT_EQ(customer.ids.size(), 100u);
}

TEST(MessageCentre, LateAnswersComeAllTheSame) {
    MessageCentreOptions o = options();
    o.latency = {milliseconds(1), milliseconds(20)};
    o.receipt_delay = {milliseconds(0), milliseconds(10)};
    const auto centre = start(o);
    Customer customer(300);
    app::ClientOptions c = client_options(*centre);
    c.window = 100;
    exchange(c, customer, 300);
    EXPECT_EQ(customer.ids.size(), 300u);
    EXPECT_FALSE(std::ranges::is_sorted(customer.ids)) << "a varying latency changes the order";
}

TEST(MessageCentre, ChecksCredentials) {
    MessageCentreOptions o = options();
    o.system_id = "esme";
    o.password = "other";
    const auto centre = start(o);
    Customer customer(1);
    exchange(client_options(*centre), customer, 0);
    EXPECT_NE(customer.down.find("ESME_RINVPASWD"), std::string::npos) << customer.down;
    o.system_id = "nobody";
    const auto stricter = start(o);
    EXPECT_EQ(RawEsme(stricter->listening()).bind(), CommandStatus::ESME_RINVSYSID);
}

TEST(MessageCentre, ReceiptsWaitForAReceiver) {
    const auto centre = start(options());
    Customer transmitting(20), receiving(0);
    app::ClientOptions c = client_options(*centre);
    c.bind.type = CommandId::bind_transmitter;
    exchange(c, transmitting, 0);
    EXPECT_EQ(transmitting.receipt_ids.size(), 0u);
    c.bind.type = CommandId::bind_receiver;
    exchange(c, receiving, 20);
    EXPECT_EQ(receiving.receipt_ids, transmitting.ids) << "in order";
}

TEST(MessageCentre, UnansweredReceiptsComeAgainOnANewBind) {
    const auto centre = start(options());
    {
        RawEsme leaving(centre->listening());
        ASSERT_EQ(leaving.bind(), CommandStatus::ESME_ROK);
        for (std::uint32_t sequence = 2; sequence < 5; ++sequence) leaving.submit(sequence);
        std::size_t deliveries = 0;
        while (deliveries < 3) deliveries += leaving.read().header.id == CommandId::deliver_sm;
    }
    Customer customer(0);
    exchange(client_options(*centre), customer, 3);
    EXPECT_EQ(customer.receipt_ids, (std::vector<std::string>{"1000", "1001", "1002"}));
}

TEST(MessageCentre, OtherSystemsGetNothingOfIt) {
    const auto centre = start(options());
    Customer transmitting(5), other(5);
    app::ClientOptions c = client_options(*centre);
    c.bind.type = CommandId::bind_transmitter;
    exchange(c, transmitting, 0);
    c.bind.type = CommandId::bind_transceiver;
    c.bind.system_id = "other";
    exchange(c, other, 5);
    EXPECT_EQ(other.receipt_ids, other.ids);
}

TEST(MessageCentre, ReceiptsMayComeBeforeTheAnswerAndTwice) {
    MessageCentreOptions o = options();
    o.receipt_first = 100;
    o.receipt_twice = 100;
    o.receipt_delay = {seconds(3600), seconds(3600)};
    const auto centre = start(o);
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    esme.submit(2);
    EXPECT_EQ(esme.read().header.id, CommandId::deliver_sm);
    EXPECT_EQ(esme.read().header.id, CommandId::deliver_sm);
    EXPECT_EQ(esme.read().header.id, CommandId::submit_sm_resp);
}

TEST(MessageCentre, ReceiptsAreForThoseWhoAsk) {
    MessageCentreOptions o = options();
    o.outcomes.shares = {{MessageState::undeliverable, 100}};
    const auto centre = start(o);
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    esme.submit(2, 0);
    esme.submit(3, 3);  // success only
    esme.submit(4, 2);  // failure only
    EXPECT_EQ(esme.read().header.sequence, 2u);
    EXPECT_EQ(esme.read().header.sequence, 3u);
    EXPECT_EQ(esme.read().header.id, CommandId::submit_sm_resp);
    EXPECT_EQ(esme.read().header.id, CommandId::deliver_sm);
}

smpp::Receipt first_receipt(const MessageCentreOptions& o, std::uint8_t interface_version, RawEsme::Pdu& pdu) {
    const auto centre = start(o);
    RawEsme esme(centre->listening());
    EXPECT_EQ(esme.bind(CommandId::bind_transceiver, interface_version), CommandStatus::ESME_ROK);
    esme.submit(2);
    while (pdu.header.id != CommandId::deliver_sm) pdu = esme.read();
    return smpp::read_receipt(*smpp::decode<smpp::DeliverSm>(pdu.body));
}

TEST(MessageCentre, ReceiptsComeInEachForm) {
    MessageCentreOptions o = options();
    RawEsme::Pdu full, brief, tlvs, text, old;
    smpp::Receipt receipt = first_receipt(o, 0x34, full);
    EXPECT_EQ(receipt.message_id, "1000");
    EXPECT_EQ(receipt.text.text, "hello");
    EXPECT_EQ(receipt.text.dlvrd, "001");
    EXPECT_TRUE(smpp::decode<smpp::DeliverSm>(full.body)->tlvs.find(smpp::Tag::message_state));

    o.receipt_text = app::ReceiptText::brief;
    receipt = first_receipt(o, 0x34, brief);
    EXPECT_EQ(as_text(smpp::decode<smpp::DeliverSm>(brief.body)->short_message), "id:1000 stat:DELIVRD");

    o.receipt_text = app::ReceiptText::none;
    receipt = first_receipt(o, 0x34, tlvs);
    EXPECT_EQ(receipt.message_id, "1000");
    EXPECT_TRUE(smpp::decode<smpp::DeliverSm>(tlvs.body)->short_message.empty());
    receipt = first_receipt(o, 0x33, old);
    EXPECT_EQ(receipt.text.id, "1000") << "a peer of 3.3 gets text, as it knows no TLVs";
    EXPECT_TRUE(smpp::decode<smpp::DeliverSm>(old.body)->tlvs.empty());

    o.receipt_text = app::ReceiptText::full;
    o.receipt_tlvs = false;
    receipt = first_receipt(o, 0x34, text);
    EXPECT_EQ(receipt.text.stat, "DELIVRD");
    EXPECT_TRUE(smpp::decode<smpp::DeliverSm>(text.body)->tlvs.empty());
}

TEST(MessageCentre, LosesWhatItNeverAnswers) {
    MessageCentreOptions o = options();
    o.never_answer = 100;
    const auto centre = start(o);
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    esme.submit(2);
    esme.write(CommandId::enquire_link, 3);
    EXPECT_EQ(esme.read().header.id, CommandId::enquire_link_resp);
    EXPECT_EQ(centre->counters().unanswered.value(), 1u);
}

TEST(MessageCentre, CutsTheConnection) {
    MessageCentreOptions o = options();
    o.close_after = 2;
    const auto centre = start(o);
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    esme.submit(2, 0);
    EXPECT_EQ(esme.read().header.id, CommandId::submit_sm_resp);
    esme.submit(3, 0);
    EXPECT_EQ(esme.read().header.id, CommandId{});
}

TEST(MessageCentre, IsFullAtItsBound) {
    MessageCentreOptions o = options();
    o.max_pending = 10;
    const auto centre = start(o);
    Customer customer(15);
    app::ClientOptions c = client_options(*centre);
    c.bind.type = CommandId::bind_transmitter;
    exchange(c, customer, 0);
    EXPECT_EQ(customer.ids.size(), 10u);
    EXPECT_EQ(std::ranges::count(customer.statuses, CommandStatus::ESME_RMSGQFUL), 5);
}

TEST(MessageCentre, SendsMobileOriginatedMessages) {
    MessageCentreOptions o = options();
    o.mobile_originated.per_second = 1000;
    o.mobile_originated.from = "447700900009";
    o.mobile_originated.to = "12345";
    o.mobile_originated.text = {'S', 'T', 'O', 'P'};
    const auto centre = start(o);
    Customer customer(0);
    auto client = app::Client::open(client_options(*centre), customer);
    ASSERT_TRUE(client);
    turn_until(**client, [&] { return customer.originated.size() >= 20; });
    EXPECT_EQ(customer.originated.front(), "447700900009>12345:STOP");
}

TEST(MessageCentre, SurvivesNonsense) {
    const auto centre = start(options());
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    esme.write(CommandId::query_sm, 2, smpp::QuerySm{});
    EXPECT_EQ(esme.read().header.status, CommandStatus::ESME_RINVCMDID);
    esme.write(CommandId::submit_sm, 3);  // no body
    EXPECT_NE(esme.read().header.status, CommandStatus::ESME_ROK);
    esme.submit(4, 0);
    EXPECT_EQ(esme.read().header.status, CommandStatus::ESME_ROK);
}

TEST(MessageCentre, StopsWithPeersThatDoNotAnswer) {
    const auto centre = start(options());
    RawEsme esme(centre->listening());
    ASSERT_EQ(esme.bind(), CommandStatus::ESME_ROK);
    centre->stop(milliseconds(50));
    EXPECT_EQ(esme.read().header.id, CommandId::unbind);
}

TEST(MessageCentre, SaysWhyItCannotListen) {
    const auto centre = start(options());
    MessageCentreOptions o = options();
    o.listen = centre->listening();
    const auto second = MessageCentre::start(o);
    ASSERT_FALSE(second);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

}  // namespace
}  // namespace sluice::tools::test
