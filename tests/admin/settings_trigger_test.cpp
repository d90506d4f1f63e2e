#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/admin/settings_file.hpp"

namespace sluice::admin {
namespace {

using script::Event;
using script::OnError;

const std::string account_and_route = "[[account]]\nsystem_id = \"shop\"\npassword_hash = \"" + hash + "\"\n"
                                      "[[route]]\nvia = [\"north\"]\n";

class SettingsTrigger : public testing::Test {
protected:
    SettingsTrigger() : folder_((std::filesystem::temp_directory_path() / "sluice-triggers-XXXXXX").string()) {
        if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no folder");
        write("good.lua",
              "function on_submit(m) m.text = 'x' end\nfunction on_bind(b) end\nfunction on_state_change(m) end\n"
              "function on_before_send(m) end\nfunction on_originated(m) end");
    }
    ~SettingsTrigger() override {
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    void write(const std::string& name, std::string_view text) const { std::ofstream(folder_ + "/" + name) << text; }
    Result<Settings> with(const std::string& text) const { return admin::with(text, account_and_route, folder_); }
    std::string refusal(const std::string& keys) const {
        const auto settings = with("[[trigger]]\nname = \"t\"\n" + keys);
        return settings ? "it was taken" : settings.error().message;
    }
    std::string folder_;
};

TEST_F(SettingsTrigger, IsRead) {
    const auto settings = with(R"(
[scripts]
instructions = 5000
memory = "1MiB"
sends = 2
look_ups = 3
suspended = 7

[http]
connections = 3
queue = 9
ca_file = "good.lua"

[[trigger]]
name = "first"
event = "submit"
script = "good.lua"
accounts = ["shop"]
on_error = "reject"
status = "ESME_RSUBMITFAIL"

[[trigger]]
name = "second"
event = "state_change"
script = "good.lua"
providers = ["north"]
states = ["expired", "no_report"]
)");
    ASSERT_TRUE(settings) << settings.error().message;
    const script::Program& program = settings->program;
    EXPECT_EQ(program.limits.instructions, 5000u);
    EXPECT_EQ(program.limits.memory, 1024u * 1024);
    EXPECT_EQ(program.limits.sends, 2u);
    EXPECT_EQ(program.limits.look_ups, 3u);
    EXPECT_EQ(program.limits.suspended, 7u);
    EXPECT_EQ(settings->http.connections, 3u);
    EXPECT_EQ(settings->http.queue, 9u);
    EXPECT_EQ(settings->http.ca_file, folder_ + "/good.lua");
    ASSERT_EQ(program.scripts.size(), 1u) << "a file is loaded once";
    ASSERT_EQ(program.triggers.size(), 2u);
    EXPECT_EQ(program.triggers[0].event, Event::submit);
    EXPECT_EQ(program.triggers[0].accounts, std::vector<std::string>{"shop"});
    EXPECT_EQ(program.triggers[0].on_error, OnError::reject);
    EXPECT_EQ(program.triggers[0].status, smpp::CommandStatus::ESME_RSUBMITFAIL);
    EXPECT_EQ(program.triggers[1].providers, std::vector<std::string>{"north"});
    EXPECT_EQ(program.triggers[1].states, (std::vector<std::string>{"expired", "no_report"}));
}

TEST_F(SettingsTrigger, WhatAnErrorDoesUnlessItIsSaid) {
    const auto on_error = [&](const std::string& event) {
        const auto settings = with("[[trigger]]\nname = \"t\"\nscript = \"good.lua\"\nevent = \"" + event + "\"\n");
        EXPECT_TRUE(settings) << settings.error().message;
        return std::pair(settings->program.triggers.at(0).on_error, settings->program.triggers[0].status);
    };
    EXPECT_EQ(on_error("bind"), std::pair(OnError::reject, smpp::CommandStatus::ESME_RBINDFAIL))
        << "nobody gets in who should not";
    EXPECT_EQ(on_error("submit"), std::pair(OnError::reject, smpp::CommandStatus::ESME_RSYSERR));
    EXPECT_EQ(on_error("originated").first, OnError::carry_on) << "what a provider brings is kept";
    EXPECT_EQ(on_error("before_send").first, OnError::carry_on);
    EXPECT_EQ(on_error("state_change").first, OnError::carry_on);
}

TEST_F(SettingsTrigger, MistakesAreNamedWithTheirPlace) {
    const std::string good = "script = \"good.lua\"\nevent = \"submit\"\n";
    for (const auto& [keys, wanted] : std::vector<std::pair<std::string, std::string>>{
             {"script = \"good.lua\"\n", "trigger[1].event"},
             {"event = \"submit\"\n", "trigger[1].script"},
             {"script = \"good.lua\"\nevent = \"submitt\"\n", "did you mean 'submit'"},
             {"script = \"gone.lua\"\nevent = \"submit\"\n", "gone.lua' cannot be read"},
             {"script = \".\"\nevent = \"submit\"\n", "cannot be read"},
             {"script = \"good.lua\"\nevent = \"route\"\n", "on_route"},
             {good + "accounts = [\"shp\"]\n", "there is no account 'shp'"},
             {good + "accounts = []\n", "would match nothing"},
             {good + "providers = [\"nort\"]\n", "there is no provider 'nort'"},
             {good + "states = [\"expired\"]\n", "is for the event state_change"},
             {good + "on_error = \"hold\"\n", "makes no sense for the event submit"},
             {good + "status = \"ESME_NONSENSE\"\n", "trigger[1].status"},
             {good + "nonsense = 1\n", "trigger[1].nonsense"},
             {good + "[[trigger]]\nname = \"t\"\n" + good, "'t' is taken"},
             {good + "[http]\nca_file = \"gone.pem\"\n", "gone.pem' cannot be read"},
             {good + "[http]\nconnections = 0\n", "http.connections"},
             {good + "[scripts]\nmemory = \"1KiB\"\n", "scripts.memory"}}) {
        const std::string said = refusal(keys);
        EXPECT_NE(said.find(wanted), std::string::npos) << keys << said;
        EXPECT_EQ(said.find("test.toml:"), 0u) << said;
    }
}

TEST_F(SettingsTrigger, AScriptThatDoesNotLoadIsRefusedWithItsLine) {
    write("bad.lua", "function on_submit(m)\n  if\nend");
    EXPECT_NE(refusal("script = \"bad.lua\"\nevent = \"submit\"\n").find("bad.lua:3: "), std::string::npos);
    write("loop.lua", "\n\nwhile true do end");
    EXPECT_NE(refusal("script = \"loop.lua\"\nevent = \"submit\"\n").find("loop.lua:3: "), std::string::npos);
    write("eats.lua", "local t = {}\nwhile true do t[#t + 1] = string.rep('x', 100000) .. #t end");
    EXPECT_NE(refusal("script = \"eats.lua\"\nevent = \"submit\"\n").find("eats.lua"), std::string::npos);
    write("escapes.lua", "os.execute('true')");
    EXPECT_NE(refusal("script = \"escapes.lua\"\nevent = \"submit\"\n").find("escapes.lua:1: "), std::string::npos);
}

TEST_F(SettingsTrigger, WhatAReloadSays) {
    const std::string one = "[[trigger]]\nname = \"t\"\nscript = \"good.lua\"\nevent = \"submit\"\n";
    const auto running = with(one);
    ASSERT_TRUE(running);
    EXPECT_TRUE(diff(*running, *with(one)).live.empty());
    write("good.lua", "function on_submit(m) end -- another");
    const auto changed = diff(*running, *with(one));
    ASSERT_EQ(changed.live.size(), 1u);
    EXPECT_EQ(changed.live[0].find("trigger: "), 0u);
    EXPECT_EQ(diff(*running, *with(one + "[http]\nqueue = 5\n")).restart, std::vector<std::string>{"http: changed"});
}

}  // namespace
}  // namespace sluice::admin
