#include "engine/admin/settings.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "tests/admin/settings_file.hpp"

namespace sluice::admin {
namespace {

using routing::ErrorClass;

class TemporaryFile {
public:
    explicit TemporaryFile(const std::string& content) {
        path_ = std::filesystem::temp_directory_path() / "sluice-settings-XXXXXX";
        std::string name = path_.string();
        const int descriptor = mkstemp(name.data());
        EXPECT_GE(descriptor, 0);
        close(descriptor);
        path_ = name;
        std::ofstream(path_) << content;
    }
    ~TemporaryFile() { std::filesystem::remove(path_); }
    std::string path() const { return path_.string(); }

private:
    std::filesystem::path path_;
};

TEST(Settings, Defaults) {
    const Settings settings = good(file_with());
    EXPECT_EQ(settings.server, ServerSettings{});
    EXPECT_EQ(settings.limits, LimitSettings{});
    EXPECT_EQ(settings.timers, TimerSettings{});
    EXPECT_EQ(settings.message, MessageSettings{});
    EXPECT_EQ(settings.retry, routing::RetryPolicy{});
    EXPECT_EQ(settings.admin.endpoint.to_string(), "127.0.0.1:8775");
    ASSERT_EQ(settings.accounts.size(), 1u);
    EXPECT_EQ(settings.accounts[0].key, routing::stable_key("acme"));
    EXPECT_EQ(settings.accounts[0].id, 0);
    ASSERT_EQ(settings.providers.size(), 1u);
    EXPECT_EQ(settings.providers[0].retry, routing::RetryPolicy{});
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, ServerAndItsNeighbours) {
    const Settings settings = good(R"(
[server]
system_id = "smsc"
node = 7
shards = 4
data_directory = "store"
max_data_size = "1TiB"
io = "epoll"
[admin]
enabled = false
[log]
level = "debug"
format = "json"
[limits]
max_sessions = 5
[timers]
enquire_link = "0"
inactivity = "2h"
[message]
default_validity = "90m"
max_validity = "2h"
receipt_hold = "10m"
)" + file_with());
    EXPECT_EQ(settings.server, (ServerSettings{"smsc", 7, 4, "store", 1ull << 40, IoChoice::epoll}));
    EXPECT_FALSE(settings.admin.enabled);
    EXPECT_EQ(settings.log, (LogSettings{LogLevel::debug, LogFormat::json, {}}));
    EXPECT_EQ(settings.limits.max_sessions, 5u);
    EXPECT_EQ(settings.timers.enquire_link, seconds(0));
    EXPECT_EQ(settings.timers.inactivity, std::chrono::hours(2));
    EXPECT_EQ(settings.message.default_validity, std::chrono::minutes(90));
    EXPECT_EQ(settings.message.receipt_hold, std::chrono::minutes(10));
}

TEST(Settings, Account) {
    const Settings settings = good(file_with(R"(
enabled = false
system_type = "VMA"
allowed_addresses = ["10.0.0.0/8", "::1"]
bind_types = ["receiver"]
max_sessions = 3
rate = 50
window = 7
peer_window = 70
max_queued = 99
default_alphabet = "latin1"
segmentation = "sar"
unmappable = "transliterate"
message_id_format = "hex"
receipts = { allowed = false, intermediate = true, tlvs = false }
strip_trailing_nul = false
default_validity = "6h"
country_code = "44"
numbers = ["447700900100", "4477009002*"]
lists = { staff = ["447700900201", "+447700900202"] }
outbind = { endpoint = "192.0.2.1:2775", system_id = "us", password = "pw" }
)"));
    const routing::Account& account = settings.accounts[0];
    EXPECT_FALSE(account.enabled);
    EXPECT_EQ(account.system_type, "VMA");
    EXPECT_EQ(account.allowed_addresses.size(), 2u);
    EXPECT_EQ(account.bind_types, (routing::BindTypes{false, true, false}));
    EXPECT_EQ(account.rate, (routing::Rate{50, 50}));
    EXPECT_EQ(account.window, 7u);
    EXPECT_EQ(account.max_queued, 99u);
    EXPECT_EQ(account.text,
              (routing::TextProfile{routing::Alphabet::latin1, routing::Segmentation::sar,
                                    routing::Unmappable::transliterate}));
    EXPECT_EQ(account.message_id_format, routing::IdFormat::hex);
    EXPECT_EQ(account.receipts, (routing::ReceiptSettings{false, true, false}));
    EXPECT_FALSE(account.strip_trailing_nul);
    EXPECT_EQ(account.default_validity, std::chrono::hours(6));
    EXPECT_EQ(account.outbind.endpoint.to_string(), "192.0.2.1:2775");
    EXPECT_EQ(account.outbind.system_id, "us");
    EXPECT_EQ(account.outbind.password, "pw");
    EXPECT_EQ(account.lists, (std::vector<routing::DistributionList>{{"staff", {"447700900201", "447700900202"}}}));
    ASSERT_EQ(account.numbers.size(), 2u);
    EXPECT_TRUE(account.numbers[0].is_exact());
    EXPECT_FALSE(account.numbers[1].is_exact());
    EXPECT_EQ(account.numbers[1].digits(), "4477009002");
}

TEST(Settings, Provider) {
    const Settings settings = good(file_with("", R"(
password = "pw"
bind = "pair"
binds = 3
rate = 100
interface_version = "5.0"
response_id_format = "hex"
receipt_id_format = "decimal"
receipts_by_text = true
cost = 12
max_per_hour = 1000
max_per_day = 5_000
retry = { temporary = { delays = ["1s", "2s"], then = "fail" } }
timers = { response = "60s", reconnect_min = "1s" }
[provider.status_map]
ESME_RSUBMITFAIL = "throttled"
"0x400-0x4FF" = "temporary"
"0x410" = "permanent"
)"));
    const routing::Provider& provider = settings.providers[0];
    EXPECT_EQ(provider.password, "pw");
    EXPECT_EQ(provider.bind, routing::ProviderBind::pair);
    EXPECT_EQ(provider.rate, (routing::Rate{100, 10}));
    EXPECT_EQ(provider.interface_version, 0x50);
    EXPECT_EQ(provider.response_id_format, routing::IdFormat::hex);
    EXPECT_TRUE(provider.receipts_by_text);
    EXPECT_EQ(provider.retry.temporary, (routing::RetrySchedule{{seconds(1), seconds(2)}, false}));
    EXPECT_EQ(provider.retry.throttled, routing::RetryPolicy{}.throttled);
    EXPECT_EQ(provider.timers.response, seconds(60));
    EXPECT_EQ(provider.caps, (routing::Caps{1000, 5000}));
    const auto classify = [&](std::uint32_t status) {
        return provider.status_map.classify(static_cast<smpp::CommandStatus>(status));
    };
    EXPECT_EQ(classify(0x45), ErrorClass::throttled);
    EXPECT_EQ(classify(0x400), ErrorClass::temporary);
    EXPECT_EQ(classify(0x410), ErrorClass::permanent);
    EXPECT_EQ(settings.routes[0].targets[0].cost, Money::of(12));
}

TEST(Settings, TlvsOfAProvider) {
    const Settings settings = good(file_with("", R"(
[[provider.tlvs]]
tag = 0x1454
name = "mccmnc"
type = "c_octet_string"
means = "mcc_mnc"
[[provider.tlvs]]
tag = 5144
name = "price"
type = "integer"
)"));
    const std::vector<routing::VendorTlv> expected{
        {{smpp::Tag{0x1454}, "mccmnc", smpp::NamedTlvType::c_octet_string}, routing::TlvMeaning::mcc_mnc},
        {{smpp::Tag{0x1418}, "price", smpp::NamedTlvType::integer}, routing::TlvMeaning::none}};
    EXPECT_EQ(settings.providers.at(0).tlvs, expected);
}

TEST(SettingsErrors, TlvsOfAProvider) {
    const auto with = [](const std::string& keys) { return what_of(file_with("", "[[provider.tlvs]]\n" + keys)); };
    EXPECT_EQ(with("tag = 0x0427\nname = \"x\"\ntype = \"integer\""),
              " provider[1].tlvs[1].tag: 0x0427 is SMPP's own message_state; the vendors' are 0x1400 to 0x3FFF");
    EXPECT_EQ(with("tag = 0x1400\nname = \"a b\"\ntype = \"integer\""),
              " provider[1].tlvs[1].name: must be printable ASCII without blanks, '=' and '\"'");
    EXPECT_EQ(with("tag = 0x1400\nname = \"x\""), " provider[1].tlvs[1].type: is missing and has no default");
    EXPECT_EQ(with("tag = 0x1400\nname = \"x\"\ntype = \"octet_string\"\nmeans = \"error\""),
              " provider[1].tlvs[1].means: an octet_string can mean nothing but itself; give it another type");
    const std::string one = "tag = 0x1400\nname = \"x\"\ntype = \"integer\"\nmeans = \"error\"\n";
    EXPECT_NE(with(one + "[[provider.tlvs]]\n" + one).find("tlvs[2].tag: 0x1400 is taken by 'x' already"),
              std::string::npos);
    EXPECT_NE(with(one + "[[provider.tlvs]]\n" + one).find("tlvs[2].means: 'x' means error already"),
              std::string::npos);
}

TEST(SettingsErrors, SarNeedsTlvs) {
    EXPECT_EQ(what_of(file_with("", "segmentation = \"sar\"\ninterface_version = \"3.3\"")),
              " provider[1].segmentation: \"sar\" needs TLVs, which interface_version \"3.3\" does not have");
}

TEST(Settings, RetryDefaultsReachProviders) {
    const Settings settings = good("[retry.unknown]\ndelays = [\"3s\"]\n" + file_with());
    EXPECT_EQ(settings.providers[0].retry.unknown, (routing::RetrySchedule{{seconds(3)}, false}));
}

TEST(Settings, Routes) {
    const TemporaryFile prefixes("# ported\n4477001\n 4477002 # two\r\n\n");
    const Settings settings = good(file_with("", "", R"(
[[route]]
name = "first"
to = ["+44", "49"]
to_file = ")" + prefixes.path() + R"("
from = ["Bank", "4477*"]
accounts = ["acme"]
via = [{ provider = "mc", priority = 2, weight = 5, cost = 9 }]
[[route]]
to = ["900"]
reject = "ESME_RINVDSTADR"
)"));
    const routing::RouteRule& first = settings.routes[0];
    EXPECT_EQ(first.destinations.size(), 4u);
    EXPECT_EQ(first.destinations[3].digits(), "4477002");
    EXPECT_EQ(first.sources, (std::vector<routing::SourcePattern>{{"Bank", false}, {"4477", true}}));
    EXPECT_EQ(first.accounts, std::vector<routing::AccountId>{0});
    EXPECT_EQ(first.targets, (std::vector<routing::RouteTarget>{{0, 2, Money::of(9), 5}}));
    EXPECT_TRUE(settings.routes[1].rejects);
    EXPECT_EQ(settings.routes[1].reject_status, smpp::CommandStatus::ESME_RINVDSTADR);
}

TEST(Settings, Charging) {
    const Settings none = good(file_with());
    EXPECT_EQ(none.accounts[0].charging, routing::Charging{});
    EXPECT_FALSE(none.routes[0].price);
    EXPECT_EQ(none.charging, ChargingRecordSettings{});

    const routing::Charging prepaid = good(file_with("credits = 100")).accounts[0].charging;
    EXPECT_EQ(prepaid.mode, routing::ChargingMode::prepaid);
    EXPECT_EQ(prepaid.opening, Money::of(100));
    EXPECT_FALSE(prepaid.price);
    EXPECT_EQ(prepaid.settle_at, routing::SettleAt::response);

    const routing::Charging postpaid =
        good(file_with("charging = { mode = \"postpaid\", price = \"0.035\", credit_limit = 20, "
                       "settle_at = \"receipt\" }")).accounts[0].charging;
    EXPECT_EQ(postpaid.mode, routing::ChargingMode::postpaid);
    EXPECT_EQ(postpaid.price, parse_money("0.035"));
    EXPECT_EQ(postpaid.credit_limit, Money::of(20));
    EXPECT_EQ(postpaid.floor(), Money::of(-20));
    EXPECT_EQ(postpaid.settle_at, routing::SettleAt::receipt);

    const Settings all = good("[charging]\nno_credit_status = \"ESME_RTHROTTLED\"\ndirectory = \"/x/cdr\"\n"
                              "max_file_size = \"1MiB\"\nmax_file_age = \"5m\"\n" +
                              file_with("", "", "[[route]]\nto = [\"44\"]\nprice = \"1.5\"\nvia = [\"mc\"]\n"));
    EXPECT_EQ(all.charging.no_credit_status, smpp::CommandStatus::ESME_RTHROTTLED);
    EXPECT_EQ(all.charging.directory, "/x/cdr");
    EXPECT_EQ(all.charging.max_file_bytes, 1u << 20);
    EXPECT_EQ(all.charging.max_file_age, seconds(300));
    EXPECT_EQ(all.routes[0].price, parse_money("1.5"));
}

TEST(SettingsErrors, Charging) {
    EXPECT_EQ(what_of(file_with("credits = 1.5")),
              " account[1].credits: must be a whole number, or one with up to six decimals in quotes, as \"0.035\"");
    EXPECT_EQ(what_of(file_with("credits = -1")),
              " account[1].credits: -1 is out of range; allowed are 0 to 1000000000000");
    EXPECT_EQ(what_of(file_with("credits = 1\ncharging.mode = \"none\"")),
              " account[1].credits: are not counted with charging.mode = \"none\"");
    EXPECT_EQ(what_of(file_with("charging.price = 2")),
              " account[1].charging: needs a mode, \"prepaid\" or \"postpaid\", or credits beside it");
    EXPECT_EQ(what_of(file_with("charging = { mode = \"prepaid\", credit_limit = 5 }")),
              " account[1].charging.credit_limit: is for mode = \"postpaid\"; "
              "who pays before has the credits that are paid in");
    EXPECT_EQ(what_of(file_with("charging = { mode = \"prepaid\", price = \"0.0000001\" }")),
              " account[1].charging.price: must be a whole number, or one with up to six decimals in quotes, "
              "as \"0.035\"");
}

TEST(SettingsErrors, EveryMistakeAtItsPlace) {
    EXPECT_EQ(error_of(R"([server]
nod = 3
shards = 65
io = "iouring"

[[listener]]
endpoint = "localhost"

[[provider]]
name = "mc"
endpoints = ["mc:2775"]
system_id = "us"
windw = 3

[[route]]
via = ["mk"]
)"),
              "t.toml:2:1: server.nod: is not a known key (did you mean 'node'?)\n"
              "t.toml:3:10: server.shards: 65 is out of range; allowed are 1 to 64\n"
              "t.toml:4:6: server.io: 'iouring' is not one of auto, io_uring, epoll (did you mean 'io_uring'?)\n"
              "t.toml:7:12: listener[1].endpoint: 'localhost': an endpoint is written \"127.0.0.1:2775\", "
              "\"[::1]:2775\" or \"smsc.example.net:2775\"\n"
              "t.toml:13:1: provider[1].windw: is not a known key (did you mean 'window'?)\n"
              "t.toml:16:8: route[1].via[1].provider: there is no provider 'mk' (did you mean 'mc'?)");
}

TEST(SettingsErrors, Syntax) {
    EXPECT_TRUE(error_of("[server\nnode = 1").starts_with("t.toml:1:"));
    EXPECT_NE(error_of("a = 1\na = 2"), "");
    // The TOML library takes these for impossible.
    EXPECT_TRUE(error_of("[~").starts_with("t.toml:1:2: "));
    EXPECT_TRUE(error_of("\u03EB").starts_with("t.toml:1:1: "));
    EXPECT_EQ(good("[server]\nsystem_id = \"\"\"\\\n\u00A7\"\"\"\n").server.system_id, "\u00A7");
}

TEST(SettingsErrors, Types) {
    EXPECT_EQ(what_of("[server]\nnode = \"1\"\n"), " server.node: is text; it must be a whole number");
    EXPECT_EQ(what_of("[server]\nnode = 1.5\n"), " server.node: is a fraction; it must be a whole number");
    EXPECT_EQ(what_of("[server]\nnode = -1\n"), " server.node: -1 is out of range; allowed are 0 to 255");
    EXPECT_EQ(what_of("server = 1\n"), " server: is a number; it must be a table");
    EXPECT_EQ(what_of("listener = [1]\n"), " listener[1]: must be a table, written [[listener]]");
    EXPECT_EQ(what_of("[timers]\nresponse = 30\n"),
              " timers.response: is a number; it must be a duration in quotes, as \"30s\" or \"5m\"");
    EXPECT_EQ(what_of("[timers]\nresponse = \"0s\"\n"), " timers.response: 0s is out of range; allowed are 1s to 1h");
    EXPECT_EQ(what_of("[timers]\nresponse = \"1500ms\"\n"), " timers.response: 1s500ms is finer than 1s");
    EXPECT_EQ(what_of("[server]\nmax_data_size = \"1MiB\"\n"),
              " server.max_data_size: 1MiB is out of range; allowed are 64MiB to 64TiB");
}

TEST(SettingsErrors, Passwords) {
    EXPECT_EQ(what_of(file_with("password = \"x\"")),
              " account[1].password: is never kept in clear for an account; put what `sluice hash-password` prints "
              "into password_hash");
    EXPECT_EQ(what_of("[[listener]]\nendpoint = \"127.0.0.1:1\"\n[[account]]\nsystem_id = \"a\"\n"),
              " account[1].password_hash: is missing and has no default");
    EXPECT_NE(what_of("[[account]]\nsystem_id = \"a\"\npassword_hash = \"secret\"\n").find("`sluice hash-password`"),
              std::string::npos);
}

TEST(SettingsErrors, ProviderPasswords) {
    const TemporaryFile secret("from file\nmore\n");
    EXPECT_EQ(good(file_with("", "password_file = \"" + secret.path() + "\"")).providers[0].password, "from file");
    setenv("SLUICE_TEST_PASSWORD", "from env", 1);
    EXPECT_EQ(good(file_with("", "password_env = \"SLUICE_TEST_PASSWORD\"")).providers[0].password, "from env");
    unsetenv("SLUICE_TEST_PASSWORD");
    EXPECT_EQ(what_of(file_with("", "password_env = \"SLUICE_TEST_PASSWORD\"")),
              " provider[1].password_env: the environment has no variable SLUICE_TEST_PASSWORD");
    EXPECT_EQ(what_of(file_with("", "password_file = \"/nowhere/x\"")),
              " provider[1].password_file: '/nowhere/x' is not a file");
    EXPECT_EQ(what_of(file_with("", "password_file = \"/dev/zero\"")),
              " provider[1].password_file: '/dev/zero' is not a file");
    EXPECT_EQ(what_of(file_with("", "password = \"a\"\npassword_file = \"" + secret.path() + "\"")),
              " provider[1].password: give one of password, password_file and password_env");
}

TEST(SettingsErrors, ListsAndCalls) {
    EXPECT_EQ(what_of(file_with("lists = { staff = [] }")),
              " account[1].lists.staff: must be 1 to 1000 numbers, as [\"447700900100\"]");
    EXPECT_EQ(what_of(file_with("lists = { staff = [\"+44 77\"] }")),
              " account[1].lists.staff: a number is 1 to 15 digits, international, in quotes");
    EXPECT_EQ(what_of(file_with("lists = { a-name-of-21-letters1 = [\"1\"] }")),
              " account[1].lists.a-name-of-21-letters1: a name has 1 to 20 characters");
    EXPECT_EQ(what_of(file_with("outbind = { endpoint = \"esme.example:1\", system_id = \"us\" }")),
              " account[1].outbind.endpoint: 'esme.example' is not an address; names are not resolved here");
    EXPECT_EQ(what_of(file_with("outbind = { endpoint = \"192.0.2.1:1\" }")),
              " account[1].outbind.system_id: is missing and has no default");
    EXPECT_EQ(what_of(file_with("", "outbind = { listen = \"192.0.2.1:1\", system_id = \"smsc\" }")),
              " provider[1].outbind.allowed_addresses: is missing and has no default");
}

TEST(SettingsErrors, Names) {
    const std::string second = "[[account]]\nsystem_id = \"acme\"\npassword_hash = \"" + hash + "\"\n";
    EXPECT_EQ(what_of(file_with("", "", second)), " account[2].system_id: 'acme' is taken by number 1 of them already");
    const std::string provider = "[[provider]]\nname = \"mc\"\nendpoints = [\"h:1\"]\nsystem_id = \"\"\n";
    EXPECT_EQ(what_of(file_with("", "", provider)), " provider[2].name: 'mc' is taken by number 1 of them already");
    const std::string other = "numbers = [\"12\"]\n[[account]]\nsystem_id = \"b\"\nnumbers = [\"12\"]\n"
                              "password_hash = \"" + hash + "\"\n";
    EXPECT_EQ(what_of(file_with(other)), " account[2].numbers: 12 belongs to account 'acme' already");
    EXPECT_EQ(what_of(file_with("", "", "[[route]]\naccounts = [\"acne\"]\nvia = [\"mc\"]")),
              " route[1].accounts[1]: there is no account 'acne' (did you mean 'acme'?)");
}

TEST(SettingsErrors, HomesThatCannotBe) {
    const auto home = [](const std::string& text) { return what_of(file_with("", "", "[[home]]\n" + text)); };
    EXPECT_EQ(home("to = [\"1\"]"), " home[1].accounts: is missing and has no default");
    EXPECT_EQ(home("accounts = []"), " home[1].accounts: must name 1 to 8 accounts");
    EXPECT_EQ(home("accounts = [\"acne\"]"),
              " home[1].accounts[1].account: there is no account 'acne' (did you mean 'acme'?)");
    EXPECT_EQ(home("accounts = [\"acme\", { account = \"acme\", weight = 2 }]"),
              " home[1].accounts[2].account: 'acme' is in this list already");
    EXPECT_EQ(home("accounts = [\"acme\"]\nto = []"),
              " home[1].to: is empty and would match nothing; leave it out to match every number");
    EXPECT_EQ(home("accounts = [\"acme\"]\nto = [\"9-1\"]"), " home[1].to[1]: the range 9-1 ends before it begins");
    EXPECT_EQ(home("accounts = [\"acme\"]\nproviders = [\"mx\"]"),
              " home[1].providers[1]: there is no provider 'mx' (did you mean 'mc'?)");
    EXPECT_EQ(home("accounts = [\"acme\"]\nkeywords = [\"two words\"]"),
              " home[1].keywords[1]: 'two words' is not one word of at most 80 octets");
    EXPECT_EQ(home("accounts = [\"acme\"]\nshare = \"some\"").substr(0, 16), " home[1].share: ");
}

TEST(Settings, Homes) {
    const auto settings = parse_settings(
        file_with("", "",
                  "[[home]]\nto = [\"12345\", \"447*\"]\nkeywords = [\"Stop!\"]\n"
                  "accounts = [{ account = \"acme\", weight = 3 }]\nshare = \"one\"\nproviders = [\"mc\"]\n"), "x");
    ASSERT_TRUE(settings) << settings.error().message;
    ASSERT_EQ(settings->homes.size(), 1u);
    const routing::HomeRule& home = settings->homes[0];
    EXPECT_EQ(home.to.size(), 2u);
    EXPECT_EQ(home.keywords, std::vector<std::string>{"stop"});
    EXPECT_EQ(home.owners, (std::vector<routing::HomeOwner>{{0, 3}}));
    EXPECT_EQ(home.share, routing::HomeShare::one);
    EXPECT_EQ(home.providers, std::vector<routing::ProviderId>{0});
    admin::Settings other = *settings;
    EXPECT_TRUE(diff(*settings, other).empty());
    other.homes[0].owners[0].weight = 4;
    EXPECT_EQ(diff(*settings, other).live.size(), 1u);
}

TEST(SettingsErrors, RoutesThatCannotBe) {
    const auto route = [](const std::string& text) { return what_of(file_with("", "", "[[route]]\n" + text)); };
    EXPECT_EQ(route("to = [\"44\"]"), " route[1].via: a route has either via or reject");
    EXPECT_EQ(route("via = [\"mc\"]\nreject = \"0x45\""), " route[1].via: a route has either via or reject");
    EXPECT_EQ(route("via = []"), " route[1].via: names 0 providers; allowed are 1 to 16");
    EXPECT_EQ(route("via = [\"mc\", \"mc\"]"), " route[1].via[2].provider: 'mc' is in this list already");
    EXPECT_EQ(route("via = [\"mc\"]\nto = []"),
              " route[1].to: is empty and would match nothing; leave it out to match every destination");
    EXPECT_EQ(route("via = [\"mc\"]\nto = [\"44x\"]"),
              " route[1].to[1]: '44x' is not a prefix of at most 15 digits, as \"4477\"");
    EXPECT_EQ(route("reject = \"ESME_RINVDSTAD\""),
              " route[1].reject: 'ESME_RINVDSTAD' is no command_status; write a name as ESME_RSYSERR, a number or a "
              "range as 0x400-0x4FF (did you mean 'ESME_RINVDSTADR'?)");
    EXPECT_EQ(route("reject = \"ESME_ROK\""), " route[1].reject: ESME_ROK is success and nothing else");
    const TemporaryFile prefixes("44\nforty-four\n");
    EXPECT_EQ(route("via = [\"mc\"]\nto_file = \"" + prefixes.path() + "\""),
              " route[1].to_file: " + prefixes.path() +
                  ":2: 'forty-four' is not a prefix of at most 15 digits, as \"4477\"");
}

TEST(SettingsErrors, ARepeatedRetryPauses) {
    EXPECT_EQ(what_of("[retry.temporary]\ndelays = [\"0s\"]\n"),
              " retry.temporary.delays: ends with 0s, which would be repeated; at least 100ms, or then = \"fail\"");
    const Settings settings = good("[retry.temporary]\ndelays = [\"0s\"]\nthen = \"fail\"\n" + file_with());
    EXPECT_EQ(settings.retry.temporary, (routing::RetrySchedule{{seconds(0)}, false}));
}

TEST(SettingsErrors, TheDemoAccountStaysOnThisMachine) {
    const auto with_listener = [](const std::string& endpoint) {
        return "[[listener]]\nendpoint = \"" + endpoint + "\"\n[[account]]\nsystem_id = \"demo\"\npassword_hash = \"" +
               hash + "\"\n";
    };
    for (const char* loopback : {"127.0.0.1:2775", "[::1]:2775", "localhost:2775"})
        EXPECT_EQ(error_of(with_listener(loopback)), "") << loopback;
    for (const char* open : {"0.0.0.0:2775", "[::]:2775", "192.0.2.1:2775", "example.net:2775"})
        EXPECT_NE(error_of(with_listener(open)).find("the account 'demo' is for trying things out"), std::string::npos)
            << open;
}

TEST(SettingsErrors, AreNotEndless) {
    std::string text = "[server]\n";
    for (int i = 0; i < 500; ++i) text += "zzz" + std::to_string(i) + " = 1\n";
    const std::string error = error_of(text);
    EXPECT_EQ(std::ranges::count(error, '\n'), 100);
    EXPECT_TRUE(error.ends_with("\nand 400 more"));
}

TEST(SettingsWarnings, WhatIsLikelyAMistake) {
    const Settings settings = good(file_with("", "", "[[route]]\nname = \"all\"\nvia = [\"mc\"]"));
    ASSERT_EQ(settings.warnings.size(), 1u);
    EXPECT_EQ(settings.warnings[0], "t.toml:15:1: route[2]: can never match: route 1 (all) always decides before it");

    const auto empty = good("[admin]\nendpoint = \"0.0.0.0:8775\"\n").warnings;
    ASSERT_EQ(empty.size(), 3u);
    EXPECT_EQ(empty[0], "t.toml:1:1: listener: there is none: only this machine can bind, to 127.0.0.1:2775");
    EXPECT_EQ(empty[1], "t.toml:1:1: route: there is none, so every message is refused");
    EXPECT_EQ(empty[2], "t.toml:2:12: admin.endpoint: 0.0.0.0:8775 can be reached from other machines");
}

TEST(Settings, FilesAreRelativeToTheConfiguration) {
    const std::string text = "[server]\ndata_directory = \"store\"\n" + file_with();
    const auto settings = parse_settings(text, "t.toml", "/etc/sluice");
    EXPECT_EQ(settings->server.data_directory, "/etc/sluice/store");
}

TEST(Settings, LoadSaysWhichFile) {
    EXPECT_EQ(load_settings("/nowhere/sluice.toml").error().message, "/nowhere/sluice.toml: there is no such file");
    EXPECT_EQ(load_settings("/").error().message, "/: is not a file");
    const TemporaryFile file(file_with());
    EXPECT_TRUE(load_settings(file.path()));
    const TemporaryFile wrong("[server]\nnode = 256\n");
    EXPECT_TRUE(load_settings(wrong.path()).error().message.starts_with(wrong.path() + ":2:8: server.node: 256"));
}

TEST(Settings, EmbeddedDefault) {
    const Settings settings = embedded_default();
    ASSERT_EQ(settings.listeners.size(), 2u);
    for (const ListenerSettings& listener : settings.listeners) EXPECT_TRUE(is_loopback(listener.endpoint));
    EXPECT_TRUE(settings.listeners[1].optional);
    ASSERT_EQ(settings.accounts.size(), 1u);
    EXPECT_EQ(settings.accounts[0].system_id, "demo");
    EXPECT_TRUE(verify_password(settings.accounts[0].password_hash, "demo"));
    for (const routing::Cidr& range : settings.accounts[0].allowed_addresses) EXPECT_TRUE(range.is_loopback());
    EXPECT_EQ(settings.providers[0].name, "mc");
    EXPECT_TRUE(is_loopback(settings.providers[0].endpoints[0]));
    EXPECT_TRUE(routing::RouteTable::compile(settings.routes));
}

TEST(Settings, ResolvesNames) {
    const auto literal = resolve({"127.0.0.1", 2775});
    ASSERT_TRUE(literal) << literal.error().message;
    ASSERT_EQ(literal->size(), 1u);
    EXPECT_EQ((*literal)[0].port, 2775);
    EXPECT_FALSE((*literal)[0].ipv6);
    EXPECT_EQ((*literal)[0].address[0], 127);
    EXPECT_TRUE(resolve({"::1", 1})->at(0).ipv6);
    EXPECT_FALSE(resolve({"no such name", 1}));
}

}  // namespace
}  // namespace sluice::admin
