#include "bench/peers/relay/journal.hpp"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/peers/relay/links.hpp"
#include "engine/base/check.hpp"

namespace sluice::relay {

namespace {

constexpr std::size_t block = 4096;
constexpr std::size_t file_size = 128 * 1024 * 1024;
/// Of a batch: what requests may fill, and what the answers to all of them can add beyond.
constexpr std::size_t most_requests = 32 * 1024 * 1024;
constexpr std::size_t batch_size = 64 * 1024 * 1024;
constexpr std::size_t most_of_answer = 112;

std::unexpected<Error> failed(const std::string& path, const char* what) {
    return fail(path + ": " + what + ": " + std::strerror(errno));
}

}  // namespace

Result<Journal> Journal::create(const std::string& path) {
    Journal journal;
    journal.file_ = io::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT | O_DSYNC, 0600));
    if (!journal.file_) return failed(path, errno == EINVAL ? "the file system has no O_DIRECT" : "cannot be opened");
    for (Batch& batch : journal.batches_) {
        void* memory = ::mmap(nullptr, batch_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return failed(path, "no memory for a batch");
        batch.octets = static_cast<std::uint8_t*>(memory);
    }
    constexpr std::size_t piece = 4 * 1024 * 1024;
    for (std::size_t at = 0; at < file_size; at += piece)
        if (::pwrite(journal.file_.get(), journal.batches_[0].octets, piece, static_cast<off_t>(at)) !=
            static_cast<ssize_t>(piece))
            return failed(path, "cannot be written");
    return journal;
}

Journal::Journal(Journal&& other) noexcept
    : file_(std::move(other.file_)), batches_(std::exchange(other.batches_, {})) {}

Journal::~Journal() {
    for (Batch& batch : batches_)
        if (batch.octets != nullptr) ::munmap(batch.octets, batch_size);
}

std::uint32_t Journal::append(ByteView pdu) {
    Batch& batch = batches_[gathering_];
    SLUICE_CHECK(batch.size + pdu.size() <= batch_size - block);
    const std::size_t at = batch.size;
    std::memcpy(batch.octets + at, pdu.data(), pdu.size());
    batch.size += pdu.size();
    return static_cast<std::uint32_t>(at);
}

bool Journal::add_request(ByteView pdu, Handle to, std::uint32_t number) {
    Batch& batch = batches_[gathering_];
    if (batch.size + pdu.size() > most_requests) return false;
    batch.waiting.push_back({to, number, append(pdu), static_cast<std::uint32_t>(pdu.size())});
    return true;
}

void Journal::add_answer(ByteView pdu) { append(pdu.first(std::min(pdu.size(), most_of_answer))); }

void Journal::start_write(io::Uring& ring) {
    Batch& batch = batches_[gathering_];
    if (writing_ || batch.size == header_size) return;
    const std::uint64_t header[3] = {++number_, batch.size - header_size,
                                     XXH3_64bits(batch.octets + header_size, batch.size - header_size)};
    static_assert(sizeof header == header_size);
    std::memcpy(batch.octets, header, sizeof header);
    const std::size_t whole = (batch.size + block - 1) / block * block;
    std::memset(batch.octets + batch.size, 0, whole - batch.size);
    if (offset_ + whole > file_size) offset_ = 0;

    io_uring_sqe& entry = ring.entry();
    io_uring_prep_write(&entry, file_.get(), batch.octets, static_cast<unsigned>(whole), offset_);
    entry.user_data = tag(Operation::journal, {0, 0});
    offset_ += whole;
    written_size_ = whole;
    writing_ = true;
    gathering_ ^= 1;
}

Journal::Batch& Journal::finish(int result) {
    if (result != static_cast<int>(written_size_)) {
        std::fprintf(stderr, "relay: the journal cannot be written: %s\n",
                     result < 0 ? std::strerror(-result) : "only a part was");
        std::exit(1);
    }
    writing_ = false;
    return batches_[gathering_ ^ 1];
}

}  // namespace sluice::relay
