#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

#include "engine/base/bytes.hpp"

namespace sluice::storage {

/// What O_DIRECT asks of offsets, lengths and addresses.
inline constexpr std::size_t disk_block = 4096;
constexpr std::size_t whole_disk_blocks(std::size_t octets) {
    return (octets + disk_block - 1) / disk_block * disk_block;
}

/// Memory that O_DIRECT takes. Its octets are not initialised.
class DirectBuffer {
public:
    DirectBuffer() = default;
    /// Of so many octets, rounded up to whole blocks. Throws std::bad_alloc.
    explicit DirectBuffer(std::size_t octets) { renew(octets); }

    /// Other memory, of so many octets; the old one goes before that, with what it holds. Throws std::bad_alloc, and
    /// is empty then.
    void renew(std::size_t octets) {
        octets_.reset();
        octets_.reset(new (std::align_val_t{disk_block}) std::uint8_t[whole_disk_blocks(octets)]);
        size_ = whole_disk_blocks(octets);
    }

    std::uint8_t* data() const { return octets_.get(); }
    std::size_t size() const { return octets_ ? size_ : 0; }
    /// The first `used` of them, and zeroes up to the end of a block.
    ByteView filled(std::size_t used) const {
        std::memset(data() + used, 0, whole_disk_blocks(used) - used);
        return {data(), whole_disk_blocks(used)};
    }

private:
    struct Free {
        void operator()(std::uint8_t* octets) const { ::operator delete[](octets, std::align_val_t{disk_block}); }
    };
    std::size_t size_ = 0;
    std::unique_ptr<std::uint8_t, Free> octets_;
};

}  // namespace sluice::storage
