#include "storage/lmdb_environment.hpp"

#include <fcntl.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <string_view>
#include <utility>

namespace sluice::storage {

namespace {

constexpr std::uint32_t format_version = 8;
constexpr std::array<const char*, LmdbEnvironment::tree_count> tree_names{"message", "queue",   "held",
                                                                          "meta",    "receipt", nullptr};
constexpr std::string_view format_row = "sluice-format";
constexpr std::string_view journal_row = "sluice-journal";

// So much of what a growing file got last stays in memory, and as much again at most.
constexpr std::uint64_t kept_of_growth = std::uint64_t{16} << 20;

constexpr std::size_t row_overhead_bytes = 64;  // key, header and share of the unused part of its page

int check(int code) {
    if (code != MDB_SUCCESS) throw LmdbFailure{code};
    return code;
}

/// False when there is no such row.
bool found(int code) {
    if (code == MDB_NOTFOUND) return false;
    check(code);
    return true;
}

MDB_val as_value(ByteView bytes) { return {bytes.size(), const_cast<std::uint8_t*>(bytes.data())}; }
MDB_val as_value(std::string_view text) { return as_value(as_bytes(text)); }
ByteView as_view(const MDB_val& value) { return {static_cast<const std::uint8_t*>(value.mv_data), value.mv_size}; }

struct EncodedKey {
    explicit EncodedKey(Key key) {
        store_be(octets, key.high);
        store_be(octets + 8, key.low);
    }
    MDB_val value() { return {sizeof octets, octets}; }
    std::uint8_t octets[16];
};

Key decode_key(const MDB_val& value) {
    const auto* octets = static_cast<const std::uint8_t*>(value.mv_data);
    return {load_be<std::uint64_t>(octets), load_be<std::uint64_t>(octets + 8)};
}

template <class Plain>
Plain as_plain(const MDB_val& value) {
    Plain plain{};
    if (value.mv_size != sizeof plain) throw LmdbFailure{MDB_CORRUPTED};
    std::memcpy(&plain, value.mv_data, sizeof plain);
    return plain;
}

}  // namespace

Result<std::unique_ptr<LmdbEnvironment>> LmdbEnvironment::open(const std::string& path, std::uint64_t max_bytes) {
    std::unique_ptr<LmdbEnvironment> opened(new LmdbEnvironment);
    try {
        opened->prepare(path, max_bytes);
    } catch (const LmdbFailure& failure) {
        if (failure.code == MDB_VERSION_MISMATCH || failure.code == MDB_INCOMPATIBLE)
            return fail("the store in " + path + " was not written by this version of the program (expected format " +
                        std::to_string(format_version) + ")");
        return fail("cannot open the store in " + path + ": " + mdb_strerror(failure.code));
    }
    return opened;
}

void LmdbEnvironment::prepare(const std::string& path, std::uint64_t max_bytes) {
    MDB_env* created = nullptr;
    check(mdb_env_create(&created));
    environment_.reset(created);
    check(mdb_env_set_mapsize(created, max_bytes));
    check(mdb_env_set_maxdbs(created, tree_count));
    check(mdb_env_open(created, path.c_str(), MDB_NOTLS, 0600));
    release_dead_readers();

    MDB_envinfo info{};
    check(mdb_env_info(created, &info));
    max_bytes_ = info.me_mapsize;

    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(created, nullptr, 0, &transaction));
    try {
        MDB_dbi unnamed = 0;
        check(mdb_dbi_open(transaction, nullptr, 0, &unnamed));
        MDB_stat stat{};
        check(mdb_stat(transaction, unnamed, &stat));
        page_bytes_ = stat.ms_psize;
        MDB_val key = as_value(format_row);
        MDB_val value{};
        if (stat.ms_entries == 0) {
            value = {sizeof format_version, const_cast<std::uint32_t*>(&format_version)};
            check(mdb_put(transaction, unnamed, &key, &value, 0));
            std::random_device entropy;
            JournalMark mark{.seed = std::uint64_t{entropy()} << 32 | entropy()};
            key = as_value(journal_row);
            value = {sizeof mark, &mark};
            check(mdb_put(transaction, unnamed, &key, &value, 0));
        } else if (!found(mdb_get(transaction, unnamed, &key, &value)) ||
                   as_plain<std::uint32_t>(value) != format_version) {
            throw LmdbFailure{MDB_INCOMPATIBLE};
        }
        for (std::size_t i = 0; i < tree_count; ++i)
            check(mdb_dbi_open(transaction, tree_names[i], MDB_CREATE, &trees_[i]));
    } catch (const LmdbFailure&) {
        mdb_txn_abort(transaction);
        throw;
    }
    check(mdb_txn_commit(transaction));

    LmdbTransaction reading(*this, LmdbTransaction::Mode::read);
    map_ = MappedRegion::around(reading.address_in_map());
    left_behind_ = disk_bytes();
}

void LmdbEnvironment::release_dead_readers() const {
    int released = 0;
    mdb_reader_check(handle(), &released);  // what fails today may succeed the next time
}

void LmdbEnvironment::forget_what_growth_left_behind() {
    const std::uint64_t end = disk_bytes();
    if (end < left_behind_ + 2 * kept_of_growth) return;
    const std::uint64_t length = end - kept_of_growth - left_behind_;
    mdb_filehandle_t fd{};
    check(mdb_env_get_fd(handle(), &fd));
    map_.forget_pages(left_behind_, length);  // first: the kernel keeps what is mapped
    ::posix_fadvise(fd, static_cast<off_t>(left_behind_), static_cast<off_t>(length), POSIX_FADV_DONTNEED);
    left_behind_ += length;
}

std::uint64_t LmdbEnvironment::disk_bytes() const {
    MDB_envinfo info{};
    check(mdb_env_info(handle(), &info));
    return (info.me_last_pgno + 1) * page_bytes_;
}

std::uint64_t LmdbEnvironment::room(std::uint64_t used_bytes) const {
    const std::uint64_t in_map = max_bytes_ - std::min(max_bytes_, used_bytes);
    mdb_filehandle_t fd{};
    struct statvfs system {};
    if (mdb_env_get_fd(handle(), &fd) != MDB_SUCCESS || fstatvfs(fd, &system) != 0) return in_map;
    const std::uint64_t reusable = disk_bytes() - std::min(disk_bytes(), used_bytes);
    return std::min<std::uint64_t>(in_map, system.f_bavail * system.f_frsize + reusable);
}

LmdbTransaction::LmdbTransaction(LmdbEnvironment& environment, Mode mode) : environment_(environment) {
    check(mdb_txn_begin(environment.handle(), nullptr, mode == Mode::read ? MDB_RDONLY : 0, &transaction_));
}

LmdbTransaction::~LmdbTransaction() {
    if (!transaction_) return;
    close_cursors();
    mdb_txn_abort(transaction_);
}

void LmdbTransaction::commit() {
    close_cursors();
    check(mdb_txn_commit(std::exchange(transaction_, nullptr)));
}

void LmdbTransaction::close_cursors() {
    for (auto* cursors : {&append_cursors_, &seek_cursors_})
        for (MDB_cursor*& cursor : *cursors)
            if (cursor) mdb_cursor_close(std::exchange(cursor, nullptr));
}

MDB_cursor* LmdbTransaction::open_cursor(MDB_cursor*& slot, std::size_t tree) {
    if (!slot) check(mdb_cursor_open(transaction_, environment_.tree(tree), &slot));
    return slot;
}

void LmdbTransaction::apply(const Batch& batch) {
    for (const TableOp& op : batch.ops) {
        const auto tree = static_cast<std::size_t>(op.table);
        if (op.kind == TableOp::Kind::put)
            put(tree, op.key, ByteView(batch.values).subspan(op.offset, op.length));
        else
            erase(tree, op.key);
    }
}

void LmdbTransaction::put(std::size_t tree, Key key, ByteView value) {
    EncodedKey encoded(key);
    MDB_val k = encoded.value();
    MDB_val v = as_value(value);
    const int appended = mdb_cursor_put(append_cursor(tree), &k, &v, MDB_APPEND);
    if (appended != MDB_KEYEXIST) {
        check(appended);
        return;
    }
    check(mdb_cursor_put(seek_cursor(tree), &k, &v, 0));
}

/// Like found(), for a cursor's row.
bool LmdbTransaction::meet(int code, const MDB_val& value) {
    if (!found(code)) return false;
    bytes_met_ += value.mv_size + row_overhead_bytes;
    return true;
}

void LmdbTransaction::erase(std::size_t tree, Key key) {
    EncodedKey encoded(key);
    MDB_val k = encoded.value();
    MDB_val v{};
    MDB_cursor* cursor = seek_cursor(tree);
    if (meet(mdb_cursor_get(cursor, &k, &v, MDB_SET_KEY), v)) check(mdb_cursor_del(cursor, 0));
}

void LmdbTransaction::load(const LoadRequest& request, LoadResult& result) {
    result.tag = request.tag;
    result.rows.clear();
    result.values.clear();
    result.more = false;

    const bool follow = request.follow && request.table == Table::queue;
    MDB_cursor* cursor = seek_cursor(static_cast<std::size_t>(request.table));
    EncodedKey first(request.first);
    MDB_val key = first.value();
    MDB_val value{};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    for (; meet(code, value); code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        const Key row = decode_key(key);
        if (row > request.last) break;
        if (result.rows.size() == request.limit || result.values.size() >= request.max_bytes) {
            result.more = true;
            break;
        }
        const ByteView octets = follow ? message_of(as_view(value)) : as_view(value);
        result.rows.push_back({row, static_cast<std::uint32_t>(result.values.size()),
                               static_cast<std::uint32_t>(octets.size())});
        result.values.insert(result.values.end(), octets.begin(), octets.end());
    }
}

ByteView LmdbTransaction::message_of(ByteView queue_row) {
    std::uint64_t id = 0;
    if (queue_row.size() != sizeof id) return {};
    std::memcpy(&id, queue_row.data(), sizeof id);
    EncodedKey encoded({0, id});
    MDB_val key = encoded.value();
    MDB_val value{};
    MDB_cursor* cursor = seek_cursor(static_cast<std::size_t>(Table::message));
    return meet(mdb_cursor_get(cursor, &key, &value, MDB_SET_KEY), value) ? as_view(value) : ByteView();
}

const void* LmdbTransaction::address_in_map() {
    MDB_val key = as_value(format_row);
    MDB_val value{};
    check(mdb_get(transaction_, environment_.tree(LmdbEnvironment::unnamed_tree), &key, &value));
    return value.mv_data;
}

JournalMark LmdbTransaction::journal_mark() {
    MDB_val key = as_value(journal_row);
    MDB_val value{};
    check(mdb_get(transaction_, environment_.tree(LmdbEnvironment::unnamed_tree), &key, &value));
    return as_plain<JournalMark>(value);
}

void LmdbTransaction::set_journal_mark(const JournalMark& mark) {
    MDB_val key = as_value(journal_row);
    MDB_val value{sizeof mark, const_cast<JournalMark*>(&mark)};
    check(mdb_put(transaction_, environment_.tree(LmdbEnvironment::unnamed_tree), &key, &value, 0));
}

std::uint64_t LmdbTransaction::used_bytes() {
    constexpr MDB_dbi free_tree = 0;
    std::uint64_t pages = 2;  // the meta pages
    const auto count = [&](MDB_dbi tree) {
        MDB_stat stat{};
        check(mdb_stat(transaction_, tree, &stat));
        pages += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    };
    count(free_tree);
    for (std::size_t i = 0; i < LmdbEnvironment::tree_count; ++i) count(environment_.tree(i));
    return pages * environment_.page_bytes();
}

}  // namespace sluice::storage
