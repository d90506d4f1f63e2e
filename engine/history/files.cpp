#include "engine/history/files.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "storage/files.hpp"

namespace sluice::history {

namespace {

namespace fs = std::filesystem;

constexpr const char* segment_suffix = ".segment";
constexpr const char* index_suffix = ".index";
constexpr std::uint64_t least_segment = 256 * 1024, most_segment = 64u << 20;
/// A segment is removed whole, so it holds no more than this part of the time, or of the size, that is kept.
constexpr int parts_of_time = 16, parts_of_size = 64;
constexpr seconds least_age{10};

class ReadFile {
public:
    explicit ReadFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
    ~ReadFile() {
        if (fd_ >= 0) ::close(fd_);
    }
    ReadFile(const ReadFile&) = delete;
    ReadFile& operator=(const ReadFile&) = delete;

    bool ok() const { return fd_ >= 0; }
    std::uint64_t size() const {
        struct stat status {};
        return ::fstat(fd_, &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
    }
    /// How many octets were there.
    std::size_t some(std::uint64_t offset, std::uint8_t* to, std::size_t size) const {
        std::size_t done = 0;
        while (done < size) {
            const ssize_t n = ::pread(fd_, to + done, size - done, static_cast<off_t>(offset + done));
            if (n < 0 && errno == EINTR) continue;
            if (n <= 0) break;
            done += static_cast<std::size_t>(n);
        }
        return done;
    }
    ReadAt reader() const {
        return [this](std::uint64_t offset, std::uint8_t* to, std::size_t size) {
            return some(offset, to, size) == size;
        };
    }
    /// The block at `offset`; its octets are in `buffer`.
    std::optional<Block> block(std::uint64_t offset, std::vector<std::uint8_t>& buffer) const {
        buffer.resize(max_block);
        return read_block({buffer.data(), some(offset, buffer.data(), buffer.size())});
    }

private:
    int fd_;
};

/// Made anew, and written past the page cache where the file system can: a history is written far more than it is read,
/// and memory that a cache takes up costs more than the writing.
int create_file(const std::string& path, int flags) {
    const int common = O_WRONLY | O_CREAT | O_CLOEXEC | flags;
    const int fd = ::open(path.c_str(), common | O_DIRECT, 0600);
    return fd < 0 && errno == EINVAL ? ::open(path.c_str(), common & ~O_EXCL, 0600) : fd;
}

/// Whole blocks of a DirectBuffer.
bool write_all(int fd, ByteView octets) {
    while (!octets.empty()) {
        const ssize_t n = ::write(fd, octets.data(), octets.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EINVAL) {  // a file system that asks for larger units
            const int flags = ::fcntl(fd, F_GETFL);
            if ((flags & O_DIRECT) != 0 && ::fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0) continue;
            errno = EINVAL;
        }
        if (n < 0) return false;
        octets = octets.subspan(static_cast<std::size_t>(n));
    }
    return true;
}

/// Writes a file that is longer than a buffer, little by little: one large write would keep the disk,
/// and the commits that wait for it, for milliseconds.
class DirectWriter {
public:
    explicit DirectWriter(int fd) : fd_(fd), failed_(fd < 0) {}

    void add(ByteView octets) {
        while (!octets.empty()) {
            const std::size_t part = std::min(octets.size(), at_once - filled_);
            std::memcpy(buffer_.data() + filled_, octets.data(), part);
            octets = octets.subspan(part);
            filled_ += part;
            if (filled_ == at_once) write();
        }
    }
    /// False when something could not be written; `errno` says why.
    bool finish() {
        write();
        if (failed_) errno = error_;
        return !failed_;
    }
    std::uint64_t octets() const { return octets_; }

private:
    static constexpr std::size_t at_once = 64 * storage::disk_block;

    void write() {
        const ByteView filled = buffer_.filled(std::exchange(filled_, 0));
        if (failed_ || filled.empty()) return;
        failed_ = !write_all(fd_, filled);
        error_ = errno;
        octets_ += filled.size();
    }

    const int fd_;
    bool failed_;
    int error_ = errno;
    const storage::DirectBuffer buffer_{at_once};
    std::size_t filled_ = 0;
    std::uint64_t octets_ = 0;
};

/// The number of a file that is ours; 0: it is not.
std::uint64_t number_of(const std::string& file, std::string_view suffix) {
    if (!file.ends_with(suffix)) return 0;
    std::uint64_t number = 0;
    const char* const end = file.data() + file.size() - suffix.size();
    const auto parsed = std::from_chars(file.data(), end, number);
    return parsed.ec == std::errc{} && parsed.ptr == end ? number : 0;
}

}  // namespace

Result<std::unique_ptr<Files>> Files::open(Config config) {
    if (auto made = storage::make_directory(config.directory); !made) return std::unexpected(made.error());
    std::unique_ptr<Files> files(new Files(std::move(config)));
    std::error_code failure;
    fs::directory_iterator at(files->config_.directory, failure);
    for (const fs::directory_iterator end; !failure && at != end; at.increment(failure)) {
        Segment segment;
        segment.number = number_of(at->path().filename().string(), segment_suffix);
        if (segment.number == 0) continue;
        files->next_number_ = std::max(files->next_number_, segment.number + 1);
        segment.octets = at->file_size(failure);
        const ReadFile index(files->name(segment.number, index_suffix));
        const auto header = index.ok() ? read_index_header(index.size(), index.reader()) : std::nullopt;
        if (!header) {
            files->unindexed_.push_back(segment);
            continue;
        }
        segment.index_octets = index.size();
        segment.first = header->first;
        segment.last = header->last;
        files->segments_.push_back(segment);
    }
    if (failure)
        return std::unexpected(storage::system_error("cannot read", files->config_.directory, failure.value()));
    std::ranges::sort(files->segments_, {}, &Segment::number);
    std::ranges::sort(files->unindexed_, {}, &Segment::number);
    return files;
}

Files::~Files() {
    if (fd_ >= 0) ::close(fd_);
}

std::string Files::name(std::uint64_t number, const char* suffix) const {
    char text[24];
    std::snprintf(text, sizeof text, "/%08llu", static_cast<unsigned long long>(number));
    return config_.directory + text + suffix;
}

std::uint64_t Files::segment_octets() const {
    const std::lock_guard lock(mutex_);
    return std::clamp(config_.max_octets / parts_of_size, least_segment, most_segment);
}

// ---- writing

std::vector<std::string> Files::recover() {
    std::vector<std::string> told;
    for (Segment& segment : unindexed_) {
        const std::string path = name(segment.number, segment_suffix);
        const ReadFile file(path);
        Index index;
        std::vector<std::uint8_t> buffer;
        std::uint64_t good = 0;
        while (file.ok() && good <= UINT32_MAX) {
            const auto block = file.block(good, buffer);
            if (!block) break;
            index.add(*block, static_cast<std::uint32_t>(good));
            good += block->size_on_disk();
        }
        // A crash cuts the last block short; anything else is damage, and what stands behind it cannot be told apart.
        if (good < segment.octets) {
            told.push_back("the last " + std::to_string(segment.octets - good) + " octets of " + path +
                           " were not written whole, and are cut off");
            if (::truncate(path.c_str(), static_cast<off_t>(good)) == 0) segment.octets = good;
        }
        if (!index.offsets.empty() && write_index(segment, index)) {
            const std::lock_guard lock(mutex_);
            segments_.insert(std::ranges::upper_bound(segments_, segment.number, {}, &Segment::number), segment);
            continue;
        }
        // What nobody can find takes room for nothing.
        if (!index.offsets.empty()) told.push_back(path + " is removed: no index of it can be written");
        remove(segment);
    }
    unindexed_.clear();
    return told;
}

void Files::append(ByteView stretch) {
    if (block_.add(stretch)) return;
    flush();
    block_.add(stretch);
}

bool Files::begin_segment() {
    const std::string path = name(next_number_, segment_suffix);
    fd_ = create_file(path, O_EXCL);
    if (fd_ < 0) return false;
    const std::lock_guard lock(mutex_);
    open_ = {};
    open_.number = next_number_++;
    return true;
}

void Files::lose(std::uint32_t records, const char* what, int error) {
    unwritten_ += records;
    const std::lock_guard lock(mutex_);
    trouble_ = storage::system_error(what, config_.directory, error).message;
}

void Files::flush() {
    if (block_.empty()) return;
    const Block block = block_.finish();
    if (fd_ < 0 && !begin_segment()) {
        lose(block.header.records, "cannot make a file in", errno);
        return block_.clear();
    }
    if (!write_all(fd_, block_.on_disk())) {
        lose(block.header.records, "cannot write to", errno);
        // What is there of it is not a block: the next one begins in its place, or in another segment.
        if (::ftruncate(fd_, static_cast<off_t>(open_.octets)) != 0) complete_segment();
        else ::lseek(fd_, static_cast<off_t>(open_.octets), SEEK_SET);
        return block_.clear();
    }
    {
        const std::lock_guard lock(mutex_);
        index_.add(block, static_cast<std::uint32_t>(open_.octets));
        open_.octets += block.size_on_disk();
        open_.first = index_.first;
        open_.last = index_.last;
        trouble_.clear();
    }
    block_.clear();
    if (open_.octets >= segment_octets()) {
        complete_segment();
        remove_old(INT64_MIN);
    }
}

bool Files::write_index(Segment& segment, Index& index) {
    const int fd = create_file(name(segment.number, index_suffix), O_TRUNC);
    DirectWriter file(fd);
    if (fd >= 0) index.encode([&](ByteView part) { file.add(part); });
    const bool written = file.finish();
    const int error = errno;
    if (fd >= 0) ::close(fd);
    if (!written) lose(0, "cannot write an index in", error);
    segment.index_octets = file.octets();
    segment.first = index.first;
    segment.last = index.last;
    return written;
}

void Files::complete_segment() {
    if (fd_ < 0) return;
    ::close(fd_);
    fd_ = -1;
    // Readers look at the index meanwhile, which does not change by being written.
    Segment segment = open_;
    const bool written = !index_.offsets.empty() && write_index(segment, index_);
    if (!written) remove(segment);  // what nobody can find takes room for nothing
    const std::lock_guard lock(mutex_);
    if (written) segments_.push_back(segment);
    open_ = {};
    index_.clear();
}

void Files::maintain(WallTime now) {
    seconds keep;
    {
        const std::lock_guard lock(mutex_);
        keep = config_.keep;
    }
    const auto ago = [&](nanoseconds age) {
        return (now - std::chrono::duration_cast<microseconds>(age)).time_since_epoch().count();
    };
    if (fd_ >= 0 && open_.first <= ago(std::max<nanoseconds>(keep / parts_of_time, least_age))) complete_segment();
    remove_old(ago(keep));
}

void Files::remove_old(std::int64_t before) {
    const std::uint64_t room = 2 * segment_octets();  // for the segment that is written, and its index
    std::vector<Segment> gone;
    {
        const std::lock_guard lock(mutex_);
        std::uint64_t octets = 0;
        for (const Segment& segment : segments_) octets += segment.octets + segment.index_octets;
        for (auto at = segments_.begin(); at != segments_.end();) {
            if (at->last >= before && octets + room <= config_.max_octets) {
                ++at;
                continue;
            }
            octets -= at->octets + at->index_octets;
            gone.push_back(*at);
            at = segments_.erase(at);
        }
    }
    for (const Segment& segment : gone) remove(segment);
}

void Files::remove(const Segment& segment) {
    ::unlink(name(segment.number, segment_suffix).c_str());  // first: an index alone is nothing
    ::unlink(name(segment.number, index_suffix).c_str());
}

void Files::finish() {
    flush();
    complete_segment();
}

// ---- reading

void Files::set_retention(seconds keep, std::uint64_t max_octets) {
    const std::lock_guard lock(mutex_);
    config_.keep = keep;
    config_.max_octets = max_octets;
}

Files::Stats Files::stats() const {
    const std::lock_guard lock(mutex_);
    Stats stats;
    std::int64_t since = open_.first;
    stats.octets = open_.octets;
    stats.segments = segments_.size() + (open_.octets > 0 ? 1 : 0);
    for (const Segment& segment : segments_) {
        stats.octets += segment.octets + segment.index_octets;
        since = std::min(since, segment.first);
    }
    stats.since = since == INT64_MAX ? 0 : since;
    stats.unwritten = unwritten_.load(std::memory_order_relaxed);
    stats.trouble = trouble_;
    return stats;
}

std::vector<Files::Place> Files::places(const std::uint32_t* key, std::int64_t from, std::int64_t to) const {
    std::vector<Segment> candidates;
    Place open;
    {
        const std::lock_guard lock(mutex_);
        for (const Segment& segment : segments_)
            if (segment.last >= from && segment.first <= to) candidates.push_back(segment);
        if (open_.octets > 0 && open_.last >= from && open_.first <= to) {
            open.file = name(open_.number, segment_suffix);
            if (key == nullptr) open.offsets = index_.offsets;
            else
                for (const IndexEntry& entry : index_.entries) {
                    if (entry.key != *key) continue;
                    const std::uint32_t offset = index_.offsets[entry.block];
                    if (open.offsets.empty() || open.offsets.back() != offset) open.offsets.push_back(offset);
                }
        }
    }
    std::vector<Place> found;
    for (const Segment& segment : candidates) {
        const ReadFile index(name(segment.number, index_suffix));
        if (!index.ok()) continue;  // removed meanwhile
        const auto header = read_index_header(index.size(), index.reader());
        if (!header) continue;
        Place place{name(segment.number, segment_suffix), key != nullptr ? look_up(*header, *key, index.reader())
                                                                         : block_offsets(*header, index.reader())};
        if (!place.offsets.empty()) found.push_back(std::move(place));
    }
    if (!open.offsets.empty()) found.push_back(std::move(open));
    return found;
}

std::vector<OwnedRecord> Files::find(std::uint32_t key, const std::function<bool(const Record&)>& wanted,
                                     std::size_t most) const {
    std::deque<OwnedRecord> found;
    std::vector<std::uint8_t> buffer;
    for (const Place& place : places(&key, INT64_MIN, INT64_MAX)) {
        const ReadFile file(place.file);
        for (const std::uint32_t offset : place.offsets) {
            const auto block = file.ok() ? file.block(offset, buffer) : std::nullopt;
            if (!block) continue;
            RecordReader records(block->stretches);
            while (const auto record = records.next()) {
                if (!wanted(*record)) continue;
                found.emplace_back(*record);
                if (found.size() > most) found.pop_front();
            }
        }
    }
    return {std::make_move_iterator(found.begin()), std::make_move_iterator(found.end())};
}

Files::Scan Files::scan_back(WallTime from, WallTime to, std::uint64_t most_octets,
                             const std::function<bool(const Record&)>& visit) const {
    const std::int64_t earliest = from.time_since_epoch().count(), latest = to.time_since_epoch().count();
    Scan scan{true, latest};
    std::vector<std::uint8_t> buffer;
    std::vector<Record> records;
    std::vector<Place> all = places(nullptr, earliest, latest);
    std::uint64_t read = 0;
    for (auto place = all.rbegin(); place != all.rend(); ++place) {
        const ReadFile file(place->file);
        for (auto offset = place->offsets.rbegin(); offset != place->offsets.rend(); ++offset) {
            if (read >= most_octets) {
                scan.all = false;
                return scan;
            }
            const auto block = file.ok() ? file.block(*offset, buffer) : std::nullopt;
            if (!block) continue;
            read += block->size();
            if (block->header.first > latest || block->header.last < earliest) continue;
            records.clear();
            RecordReader reader(block->stretches);
            while (const auto record = reader.next()) records.push_back(*record);
            for (auto record = records.rbegin(); record != records.rend(); ++record)
                if (record->at >= earliest && record->at <= latest && !visit(*record)) return scan;
            scan.reached = std::min(scan.reached, block->header.first);
        }
    }
    scan.reached = earliest;
    return scan;
}

}  // namespace sluice::history
