#include "engine/admin/settings.hpp"

namespace sluice::admin {
namespace {

// The password "demo". It is no secret, so deriving it is made cheap: ln=10 takes about 3 ms.
constexpr std::string_view demo_hash =
    "$scrypt$ln=10,r=8,p=1$SHpy5jJnwfUBNuW6dPdQ0A$IPGRCs8+49AeWVt6+zoqy4sg68O+KqUywYiKDwvLQDg";

routing::Account demo_account() {
    routing::Account account;
    account.id = 0;
    account.system_id = demo_system_id;
    account.key = routing::stable_key(account.system_id);
    account.password_hash = demo_hash;
    account.allowed_addresses = {*routing::Cidr::parse("127.0.0.0/8"), *routing::Cidr::parse("::1")};
    account.max_sessions = 1000;
    return account;
}

routing::Provider message_centre() {
    routing::Provider provider;
    provider.id = 0;
    provider.name = "mc";
    provider.key = routing::stable_key(provider.name);
    provider.endpoints = {{"127.0.0.1", 0}};
    provider.system_id = "sluice";
    provider.password = "sluice";
    provider.binds = 2;
    return provider;
}

}  // namespace

Settings embedded_default() {
    Settings settings;
    settings.listeners = {{{"127.0.0.1", 2775}, false, {}}, {{"::1", 2775}, true, {}}};
    settings.accounts = {demo_account()};
    settings.providers = {message_centre()};
    routing::RouteRule everything;
    everything.name = "everything";
    everything.targets = {{.provider = 0}};
    settings.routes = {everything};
    return settings;
}

}  // namespace sluice::admin
