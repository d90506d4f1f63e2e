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

/// The first is in the how-to of another product, the others are of coreutils and iconv.
TEST(Password, WhatOtherSystemsHaveKept) {
    const std::vector<std::pair<LegacyHash, std::string>> known{
        {LegacyHash::sha1_utf16le, "$sha1-utf16le$DC215545BA63D605FBCD647A9555270F566D918B"},
        {LegacyHash::sha256, "$sha256$3074436940C61C6B9305889F23E73C6C4042BC2606E142EAECF461791331BA95"},
        {LegacyHash::sha256_utf16le,
         "$sha256-utf16le$C0D2558CCF388458417C761E03A71254D768E93E9B2BBBA3295DA9B755DF4223"}};
    for (const auto& [kind, text] : known) {
        EXPECT_EQ(*hash_password("Pwd1", kind), text);
        EXPECT_TRUE(check_password_hash(text)) << text;
        EXPECT_TRUE(verify_password(text, "Pwd1")) << text;
        EXPECT_FALSE(verify_password(text, "Pwd2")) << text;
        EXPECT_FALSE(verify_password(text, "")) << text;
        std::string lower = text;
        for (char& c : lower) c = static_cast<char>(std::tolower(c));
        EXPECT_TRUE(verify_password(lower, "Pwd1")) << "digits of either case";
    }
    for (const char* wrong :
         {"$sha1-utf16le$DC21", "$sha1-utf16le$DC215545BA63D605FBCD647A9555270F566D918G",
          "$sha1$DC215545BA63D605FBCD647A9555270F566D918B", "DC215545BA63D605FBCD647A9555270F566D918B"})
        EXPECT_FALSE(check_password_hash(wrong)) << wrong;
    // Beyond ASCII: UTF-8 is read as such, anything else as Latin-1.
    const std::string hash = *hash_password("caf\xC3\xA9", LegacyHash::sha1_utf16le);
    EXPECT_TRUE(verify_password(hash, "caf\xE9"));
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
