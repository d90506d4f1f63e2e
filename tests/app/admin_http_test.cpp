#include "engine/app/admin_http.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/app/http.hpp"

namespace sluice::app {
namespace {

using test::http;

class AdminHttpTest : public testing::Test {
protected:
    void SetUp() override {
        auto started = HttpServer::start(*io::Endpoint::parse("127.0.0.1:0"), [this](const HttpRequest& request) {
            last = request;
            if (request.path == "/throws") throw std::runtime_error("inside the handler");
            return HttpResponse{200, "hello\n", "text/plain"};
        });
        ASSERT_TRUE(started.has_value()) << started.error().message;
        server = std::move(*started);
        url = "http://" + server->listening().to_string();
    }

    HttpRequest last;
    std::unique_ptr<HttpServer> server;
    std::string url;
};

TEST_F(AdminHttpTest, ARequestComesWithItsPartsDecoded) {
    EXPECT_EQ(http("PUT", url + "/a/b%20c?x=1&y=%2B44&flag", "body").body, "hello\n");
    EXPECT_EQ(last.method, "PUT");
    EXPECT_EQ(last.path, "/a/b c");
    EXPECT_EQ(last.parameter("x"), "1");
    EXPECT_EQ(last.parameter("y"), "+44");
    EXPECT_EQ(last.parameter("none"), "");
    EXPECT_EQ(last.body, "body");
}

TEST_F(AdminHttpTest, HeadIsAGetWithoutABody) {
    const auto reply = http("HEAD", url + "/");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(last.method, "GET");
}

TEST_F(AdminHttpTest, BodiesAreBounded) {
    EXPECT_EQ(http("POST", url + "/", std::string(HttpServer::max_body, 'x')).status, 200);
    EXPECT_EQ(last.body.size(), HttpServer::max_body);
    last = {};
    EXPECT_EQ(http("POST", url + "/", std::string(HttpServer::max_body + 1, 'x')).status, 413);
    EXPECT_EQ(http("POST", url + "/", std::string(8u << 20, 'x')).status, 413);
    EXPECT_EQ(last.method, "");
}

TEST_F(AdminHttpTest, HeadersAreBounded) {
    EXPECT_NE(http("GET", url + "/", {}, {"X-Large: " + std::string(100'000, 'x')}).status, 200);
    EXPECT_EQ(http("GET", url + "/").status, 200);
}

TEST_F(AdminHttpTest, WebPagesCannotReachIt) {
    for (const char* const header : {"Origin: http://evil.example", "Origin: null", "Host: evil.example",
                                     "Host: evil.example:8775", "Host: 127.0.0.1.evil.example"})
        EXPECT_EQ(http("POST", url + "/", "{}", {header}).status, 403) << header;
    EXPECT_EQ(last.method, "");
    const std::string host = server->listening().to_string();
    for (const std::string& header : {"Origin: http://" + host, std::string("Host: localhost:8775"),
                                      std::string("Host: [::1]"), std::string("Host: 127.0.0.1")})
        EXPECT_EQ(http("POST", url + "/", "{}", {header}).status, 200) << header;
}

TEST_F(AdminHttpTest, AHandlerThatThrowsEndsOneRequest) {
    EXPECT_EQ(http("GET", url + "/throws").status, 500);
    EXPECT_EQ(http("GET", url + "/").status, 200);
}

TEST_F(AdminHttpTest, ManyAskAtOnce) {
    std::vector<std::thread> clients;
    std::atomic<int> answered{0};
    for (int i = 0; i < 8; ++i)
        clients.emplace_back([&] {
            for (int n = 0; n < 20; ++n)
                if (http("GET", url + "/").status == 200) ++answered;
        });
    for (std::thread& client : clients) client.join();
    EXPECT_EQ(answered, 160);
}

TEST_F(AdminHttpTest, APortThatIsTakenIsAnErrorWithItsName) {
    const auto second = HttpServer::start(server->listening(), [](const HttpRequest&) { return HttpResponse(); });
    ASSERT_FALSE(second.has_value());
    EXPECT_NE(second.error().message.find(server->listening().to_string()), std::string::npos);
    EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

TEST(AdminHttp, ListensOnLoopbackAlone) {
    for (const char* const elsewhere : {"0.0.0.0:0", "192.0.2.1:0", "[::]:0", "[2001:db8::1]:0"}) {
        const auto server = HttpServer::start(*io::Endpoint::parse(elsewhere),
                                              [](const HttpRequest&) { return HttpResponse(); });
        ASSERT_FALSE(server.has_value()) << elsewhere;
        EXPECT_NE(server.error().message.find("not a loopback address"), std::string::npos);
    }
}

}  // namespace
}  // namespace sluice::app
