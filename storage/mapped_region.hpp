#pragma once

#include <cstddef>

namespace sluice::storage {

/// A stretch of this process's memory that is mapped from a file.
class MappedRegion {
public:
    MappedRegion() = default;

    /// The mapping that holds this address; an empty region when there is none.
    static MappedRegion around(const void* address);

    /// Lets go of the pages that were read through it, of so many octets from `offset` on (both multiples of a page;
    /// what is beyond the end is left out). The file keeps them, and so does the kernel's cache: what is touched again
    /// is there again. Without this a process that works through a file once has all of it resident.
    void forget_pages(std::size_t offset, std::size_t length) const;

private:
    MappedRegion(void* begin, std::size_t size) : begin_(begin), size_(size) {}
    void* begin_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace sluice::storage
