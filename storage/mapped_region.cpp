#include "storage/mapped_region.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <limits>

namespace sluice::storage {

MappedRegion MappedRegion::around(const void* address) {
    const auto wanted = reinterpret_cast<std::uintptr_t>(address);
    std::ifstream maps("/proc/self/maps");  // lines of "begin-end permissions ...", in hexadecimal
    maps >> std::hex;
    std::uintptr_t begin = 0, end = 0;
    char dash = 0;
    while (maps >> begin >> dash >> end) {
        if (begin <= wanted && wanted < end) return {reinterpret_cast<void*>(begin), end - begin};
        maps.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return {};
}

void MappedRegion::forget_pages(std::size_t offset, std::size_t length) const {
    if (offset >= size_) return;
    ::madvise(static_cast<char*>(begin_) + offset, std::min(length, size_ - offset), MADV_DONTNEED);
}

}  // namespace sluice::storage
