#include "engine/admin/password.hpp"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

constexpr ScryptCost cheap{10, 1, 1};

TEST(Password, IsVerified) {
    const std::string hash = *hash_password("secret", cheap);
    EXPECT_TRUE(hash.starts_with("$scrypt$ln=10,r=1,p=1$"));
    EXPECT_TRUE(check_password_hash(hash));
    EXPECT_TRUE(verify_password(hash, "secret"));
    EXPECT_FALSE(verify_password(hash, "Secret"));
    EXPECT_FALSE(verify_password(hash, ""));
    EXPECT_FALSE(verify_password(hash, std::string("secret\0", 7)));
}

TEST(Password, IsSalted) { EXPECT_NE(*hash_password("secret", cheap), *hash_password("secret", cheap)); }

TEST(Password, AgreesWithAnotherImplementation) {
    // hashlib.scrypt(b"correct horse", salt=bytes(range(16)), n=1024, r=8, p=2, dklen=32)
    const std::string hash = "$scrypt$ln=10,r=8,p=2$AAECAwQFBgcICQoLDA0ODw$RBjCXYboo4yjHH0P1K75vrL4xGciLt6io+o2v0yqSlo";
    EXPECT_TRUE(verify_password(hash, "correct horse"));
    EXPECT_FALSE(verify_password(hash, "correct horsf"));
}

TEST(Password, HasALength) {
    EXPECT_FALSE(hash_password("", cheap));
    EXPECT_FALSE(hash_password(std::string(129, 'x'), cheap));
    EXPECT_FALSE(hash_password(std::string("a\0b", 3), cheap));
    EXPECT_FALSE(verify_password(*hash_password("x", cheap), std::string(1'000'000, 'x')));
}

TEST(Password, RefusesCostsThatWouldHoldUpThePool) {
    const std::string tail = "$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8";
    EXPECT_TRUE(check_password_hash("$scrypt$ln=14,r=8,p=1" + tail));
    for (const char* cost : {"ln=9,r=8,p=1", "ln=18,r=8,p=1", "ln=14,r=0,p=1", "ln=14,r=17,p=1", "ln=14,r=8,p=0",
                             "ln=14,r=8,p=5", "ln=17,r=16,p=1", "ln=4294967297,r=8,p=1", "ln=-1,r=8,p=1"})
        EXPECT_FALSE(check_password_hash(std::string("$scrypt$") + cost + tail)) << cost;
    EXPECT_FALSE(hash_password("secret", {20, 8, 1}));
}

TEST(Password, RefusesWhatIsNoHash) {
    for (const char* text :
         {"", "secret", "$scrypt$", "$scrypt$ln=14,r=8,p=1", "$scrypt$ln=14,r=8,p=1$",
          "$scrypt$ln=14,r=8,p=1$AAAA$AAAA",
          "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$",
          "$scrypt$ln=14,r=8,p=1$AAECAwQFBgcICQoLDA0ODw$!!ECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8",
          "$2y$10$abcdefghijklmnopqrstuv"}) {
        EXPECT_FALSE(check_password_hash(text)) << text;
        EXPECT_FALSE(verify_password(text, "secret")) << text;
    }
}

}  // namespace
}  // namespace sluice::admin
