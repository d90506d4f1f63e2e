#include "storage/journal.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <new>
#include <optional>
#include <utility>

#include "engine/base/check.hpp"
#include "storage/files.hpp"

namespace sluice::storage {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view name_prefix = "journal-";

// Of files that wait to be written again; more are removed.
constexpr std::size_t most_spare = 2;

// The first write to a block of a new file costs a transaction of the file system; zeroes written ahead pay it once
// for so many octets.
constexpr std::uint64_t prepared_at_once = std::uint64_t{1} << 20;
alignas(disk_block) std::uint8_t zeroes[prepared_at_once];

// Where the first record of a file mostly ends.
constexpr std::uint64_t first_look = std::uint64_t{1} << 20;

/// For a file that was opened with O_DIRECT, but whose file system asks for larger blocks than ours.
bool leave_direct(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && ::fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

iovec part_of(ByteView octets) { return {const_cast<std::uint8_t*>(octets.data()), octets.size()}; }

/// Reads files from their beginning, one after the other, past the page cache where the file system can: what is read
/// once is not worth the memory, and fetching pages for it takes longer than the disk does.
class FileReader {
public:
    /// A whole number of blocks, or less at the file's end; good until
    /// the next call. Nothing, and errno, when it fails.
    std::optional<ByteView> read(int fd, std::uint64_t size) {
        try {
            if (buffer_.size() < size) buffer_.renew(size);
        } catch (const std::bad_alloc&) {
            errno = ENOMEM;
            return std::nullopt;
        }
        std::uint64_t done = 0;
        for (bool direct = true; done < size;) {
            const ssize_t n = ::pread(fd, buffer_.data() + done, size - done, static_cast<off_t>(done));
            if (n < 0 && errno == EINTR) continue;
            if (n < 0 && errno == EINVAL && std::exchange(direct, false) && leave_direct(fd)) continue;
            if (n < 0) return std::nullopt;
            if (n == 0) break;
            done += static_cast<std::uint64_t>(n);
        }
        return ByteView(buffer_.data(), done);
    }

private:
    DirectBuffer buffer_;
};

/// Visits records with consecutive numbers from the beginning of a file on, `before` and later ones left out; returns
/// where they end.
template <class Visit>
std::uint64_t walk(ByteView file, std::uint64_t seed, std::uint64_t sequence, std::uint64_t before, Visit&& visit) {
    std::uint64_t at = 0;
    for (; sequence < before && at < file.size(); ++sequence) {
        const auto record = read_record(file.subspan(at), seed);
        if (!record || record->header.sequence != sequence) break;
        visit(*record);
        at += std::min<std::uint64_t>(record->size, file.size() - at);
    }
    return at;
}

/// Whether a record of this number or a later one begins at any block.
bool holds_record(ByteView file, std::uint64_t seed, std::uint64_t sequence) {
    for (; !file.empty(); file = file.subspan(disk_block)) {
        const auto record = read_record(file, seed);
        if (record && record->header.sequence >= sequence) return true;
    }
    return false;
}

}  // namespace

Journal::Journal(Options options, const JournalMark& mark)
    : options_(std::move(options)), seed_(mark.seed), oldest_sequence_(mark.oldest_sequence),
      next_sequence_(mark.oldest_sequence), release_before_(mark.release_before), last_batch_(mark.last_batch) {
    SLUICE_CHECK(options_.file_bytes > 0 && options_.file_bytes % disk_block == 0);
}

Journal::~Journal() {
    for (File& file : files_) ::close(file.fd);
    for (File& file : spare_) ::close(file.fd);
}

std::string Journal::path_of(const File& file) const {
    return options_.directory + "/" + std::string(name_prefix) + std::to_string(file.number);
}

Result<std::unique_ptr<Journal>> Journal::open(Options options, const JournalMark& mark) {
    std::unique_ptr<Journal> journal(new Journal(std::move(options), mark));
    if (auto found = journal->find_files(); !found) return std::unexpected(found.error());
    if (auto found = journal->find_records(); !found) return std::unexpected(found.error());
    if (journal->next_sequence_ < mark.next_sequence)
        return journal->damaged("it ends at record " + std::to_string(journal->next_sequence_ - 1) + ", but " +
                                std::to_string(mark.next_sequence - 1) + " were written");
    return journal;
}

/// Opens all files: those that may hold needed records into `files_`, in the order of their first, others are spare.
Result<void> Journal::find_files() {
    FileReader reader;
    std::error_code failure;
    for (fs::directory_iterator at(options_.directory, failure), end; !failure && at != end; at.increment(failure)) {
        const std::string name = at->path().filename().string();
        File file;
        const char* last = name.data() + name.size();
        if (!name.starts_with(name_prefix)) continue;
        const auto parsed = std::from_chars(name.data() + name_prefix.size(), last, file.number);
        if (parsed.ec != std::errc() || parsed.ptr != last) continue;
        struct stat status {};
        if (const int failed = open_file(file, 0); failed != 0 || ::fstat(file.fd, &status) != 0)
            return std::unexpected(system_error("cannot open", path_of(file), failed != 0 ? failed : errno));
        file.size = static_cast<std::uint64_t>(status.st_size) / disk_block * disk_block;
        file.prepared = file.size;
        std::optional<ByteView> bytes;
        for (const std::uint64_t size : {std::min(first_look, file.size), file.size}) {
            if (bytes = reader.read(file.fd, size); !bytes) {
                const int failed = errno;
                ::close(file.fd);
                return std::unexpected(system_error("cannot read", path_of(file), failed));
            }
            const auto first = read_record(*bytes, seed_);
            file.first_sequence = first ? first->header.sequence : 0;
            if (file.first_sequence >= oldest_sequence_) break;
        }
        if (file.first_sequence >= oldest_sequence_) {
            files_.push_back(file);
            continue;
        }
        // Of an earlier use, or its first write did not come to its end; then nothing newer can be behind it.
        if (holds_record(*bytes, seed_, oldest_sequence_)) {
            ::close(file.fd);
            return damaged("the first record of " + path_of(file) + " cannot be read, and later ones are there");
        }
        set_free(file);
    }
    if (failure) return std::unexpected(system_error("cannot read", options_.directory, failure.value()));
    std::ranges::sort(files_, {}, &File::first_sequence);
    return {};
}

Result<void> Journal::find_records() {
    FileReader reader;
    for (File& file : files_) {
        const auto bytes = reader.read(file.fd, file.size);
        if (!bytes) return std::unexpected(system_error("cannot read", path_of(file), errno));
        const auto unreadable = [&] {
            return damaged("record " + std::to_string(next_sequence_) + " cannot be read, and later ones are there");
        };
        if (file.first_sequence != next_sequence_) return unreadable();
        bool whole = true;
        Batch batch;
        end_ = walk(*bytes, seed_, next_sequence_, UINT64_MAX, [&](const JournalRecord& record) {
            std::uint64_t number = record.header.first_batch;
            for (const ByteView piece : record.batches()) {
                whole = whole && read_batch(piece, batch);
                if (whole) add_live(file, number++, batch.journal.size());
            }
            last_batch_ = file.last_batch = record.last_batch();
            release_before_ = std::max(release_before_, record.header.release_before);
            ++next_sequence_;
        });
        // A write that did not come to its end was the last: whatever follows it is of an earlier use of the file.
        if (!whole || holds_record(bytes->subspan(end_), seed_, next_sequence_)) return unreadable();
    }
    drop_released();
    return {};
}

std::unexpected<Error> Journal::damaged(const std::string& how) const {
    return fail("the journal in " + options_.directory + " is damaged: " + how +
                "; restore the directory as a whole from a copy");
}

Result<void> Journal::read(std::uint64_t first_batch, const std::function<void(const Batch& batch)>& visit) const {
    FileReader reader;
    Batch batch;
    for (const File& file : files_) {
        if (file.last_batch < first_batch) continue;
        const auto bytes = reader.read(file.fd, file.size);
        if (!bytes) return std::unexpected(system_error("cannot read", path_of(file), errno));
        walk(*bytes, seed_, file.first_sequence, next_sequence_, [&](const JournalRecord& record) {
            if (record.last_batch() < first_batch) return;
            std::uint64_t number = record.header.first_batch;
            for (const ByteView piece : record.batches()) {
                if (!read_batch(piece, batch)) return;  // it was read before: not damaged
                batch.number = number++;
                if (batch.number >= first_batch) visit(batch);
            }
        });
    }
    return {};
}

/// Makes them the next record.
void Journal::seal(std::span<JournalPiece* const> pieces) const {
    RecordHeader header{.sequence = next_sequence_,
                        .first_batch = pieces.front()->number(),
                        .release_before = release_before_};
    for (const JournalPiece* piece : pieces)
        header.release_before = std::max(header.release_before, piece->release_before());
    seal_record(header, seed_, pieces);
}

int Journal::write(std::span<JournalPiece* const> pieces) {
    std::array<iovec, Store::max_in_flight> parts;
    std::uint64_t size = 0;
    seal(pieces);
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        parts[i] = part_of(pieces[i]->blocks());
        size += pieces[i]->size();
    }
    int failed = 0;
    if (files_.empty() || files_.back().size - end_ < size) failed = begin_file(std::max(size, options_.file_bytes));
    if (failed == 0) failed = prepare(files_.back(), end_ + size);
    if (failed == 0) failed = write_at(files_.back(), end_, std::span(parts).first(pieces.size()));
    if (failed == 0) written(pieces);
    return failed;
}

std::optional<Journal::PlainWrite> Journal::plan(JournalPiece& piece) {
    if (files_.empty() || !files_.back().direct) return std::nullopt;
    const File& file = files_.back();
    if (file.prepared - end_ < piece.size()) return std::nullopt;
    seal(std::array{&piece});
    return PlainWrite{file.fd, end_, piece.blocks()};
}

void Journal::written(std::span<JournalPiece* const> pieces) {
    File& file = files_.back();
    ++next_sequence_;
    last_batch_ = file.last_batch = pieces.back()->number();
    for (const JournalPiece* piece : pieces) {
        end_ += piece->size();
        octets_written_ += piece->size();
        release_before_ = std::max(release_before_, piece->release_before());
        add_live(file, piece->number(), piece->journal_octets());
    }
    drop_released();
}

JournalMark Journal::mark() const {
    JournalMark mark{.seed = seed_,
                     .oldest_sequence = next_sequence_,
                     .next_sequence = next_sequence_,
                     .release_before = release_before_,
                     .last_batch = last_batch_};
    for (std::size_t i = 0; i < files_.size(); ++i) {
        mark.oldest_sequence = files_[i].first_sequence;
        // The last one stays in any case: it is being written.
        if (files_[i].last_segment >= std::max<std::uint64_t>(release_before_, 1)) break;
    }
    return mark;
}

void Journal::release(const JournalMark& mark) {
    while (files_.size() > 1 && files_.front().first_sequence < mark.oldest_sequence) {
        set_free(files_.front());
        files_.pop_front();
    }
}

std::uint64_t Journal::disk_bytes() const {
    std::uint64_t bytes = 0;
    for (const File& file : files_) bytes += file.size;
    for (const File& file : spare_) bytes += file.size;
    return bytes;
}

void Journal::add_live(File& file, std::uint64_t batch, std::size_t journal_octets) {
    if (journal_octets == 0) return;
    file.last_segment = batch;
    live_.push_back({batch, journal_octets});
    live_bytes_ += journal_octets;
}

void Journal::drop_released() {
    while (!live_.empty() && live_.front().batch < release_before_) {
        live_bytes_ -= live_.front().bytes;
        live_.pop_front();
    }
}

/// Keeps a file for later, or removes it when it is not of the common size or there are enough.
void Journal::set_free(const File& file) {
    if (file.size == options_.file_bytes && spare_.size() < most_spare) {
        spare_.push_back(file);
        return;
    }
    ::unlink(path_of(file).c_str());  // one that stays is found at the next start
    ::close(file.fd);
}

int Journal::open_file(File& file, int flags) const {
    const std::string path = path_of(file);
    const int common = O_RDWR | O_CLOEXEC | O_DSYNC | flags;
    file.direct = true;
    file.fd = ::open(path.c_str(), common | O_DIRECT, 0600);
    if (file.fd < 0 && errno == EINVAL) {  // not every file system has O_DIRECT
        file.direct = false;
        file.fd = ::open(path.c_str(), common & ~O_EXCL, 0600);
    }
    return file.fd < 0 ? errno : 0;
}

/// Makes a file of at least `size` octets the one that is written.
int Journal::begin_file(std::uint64_t size) {
    File file;
    if (size == options_.file_bytes && !spare_.empty()) {
        file = spare_.back();
        spare_.pop_back();
    } else {
        if (disk_bytes() + size > options_.max_bytes) return ENOSPC;
        const auto taken = [&](const File& other) { return other.number == file.number; };
        while (std::ranges::any_of(files_, taken) || std::ranges::any_of(spare_, taken)) ++file.number;
        if (const int failed = open_file(file, O_CREAT | O_TRUNC); failed != 0) return failed;
        file.size = size;
        int failed = ::fallocate(file.fd, 0, 0, static_cast<off_t>(size)) == 0 ? 0 : errno;
        if (failed == EOPNOTSUPP) failed = ::ftruncate(file.fd, static_cast<off_t>(size)) == 0 ? 0 : errno;
        if (failed == 0 && ::fsync(file.fd) != 0) failed = errno;
        if (failed == 0 && !sync_directory(options_.directory)) failed = EIO;
        if (failed != 0) {
            ::unlink(path_of(file).c_str());
            ::close(file.fd);
            return failed;
        }
    }
    file.first_sequence = next_sequence_;
    file.last_segment = file.last_batch = 0;
    files_.push_back(file);
    end_ = 0;
    return 0;
}

int Journal::prepare(File& file, std::uint64_t end) {
    while (file.prepared < end) {
        const std::uint64_t piece = std::min(prepared_at_once, file.size - file.prepared);
        iovec part = part_of({zeroes, piece});
        if (const int failed = write_at(file, file.prepared, std::span(&part, 1)); failed != 0) return failed;
        file.prepared += piece;
    }
    return 0;
}

/// As far as the last file is to be ready.
std::uint64_t Journal::wanted(const File& file) const { return std::min(end_ + prepared_at_once, file.size); }

bool Journal::prepare_ahead() {
    return !is_prepared_ahead() && prepare(files_.back(), wanted(files_.back())) == 0;
}

/// Whole blocks, one part after the other with one call; `parts` are used up.
int Journal::write_at(File& file, std::uint64_t offset, std::span<iovec> parts) {
    while (!parts.empty()) {
        const ssize_t n = ::pwritev(file.fd, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(offset));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EINVAL && file.direct) {
            if (!leave_direct(file.fd)) return errno;
            file.direct = false;
            continue;
        }
        if (n < 0) return errno;
        if (n == 0) return EIO;
        offset += static_cast<std::uint64_t>(n);
        auto done = static_cast<std::size_t>(n);
        for (; !parts.empty() && done >= parts.front().iov_len; parts = parts.subspan(1)) done -= parts.front().iov_len;
        if (parts.empty()) break;
        parts.front().iov_base = static_cast<std::uint8_t*>(parts.front().iov_base) + done;
        parts.front().iov_len -= done;
    }
    return 0;
}

}  // namespace sluice::storage
