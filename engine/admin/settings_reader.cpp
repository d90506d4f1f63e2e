#include "engine/admin/settings_reader.hpp"

#include <algorithm>

#include "engine/admin/settings_text.hpp"

namespace sluice::admin {
namespace {

std::string problem(std::string_view field, std::string_view what) {
    return field.empty() ? std::string(what) : std::string(field) + ": " + std::string(what);
}

std::string listed(std::span<const std::string_view> names) {
    std::string text;
    for (const std::string_view name : names) text += (text.empty() ? "" : ", ") + std::string(name);
    return text;
}

}  // namespace

void ReadContext::error(Position at, std::string_view field, std::string_view what) {
    errors.push_back({at, problem(field, what)});
}

void ReadContext::warning(Position at, std::string_view field, std::string_view what) {
    warnings.push_back({at, problem(field, what)});
}

std::string TableReader::field(std::string_view key) const {
    return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

Position TableReader::position_of(std::string_view key) const {
    const Value::Entry* entry = table_.find(key);
    return entry == nullptr ? table_.at : entry->value.at;
}

void TableReader::error(std::string_view key, std::string_view what) {
    context_.error(position_of(key), field(key), what);
}

void TableReader::warning(std::string_view key, std::string_view what) {
    context_.warning(position_of(key), field(key), what);
}

void TableReader::require(std::string_view key) {
    if (!has(key) && !describing()) error(key, "is missing and has no default");
}

void TableReader::forbid(std::string_view key, std::string_view why) {
    if (!has(key)) return;
    known_.push_back(key);
    error(key, why);
}

const Value* TableReader::raw(std::string_view key) {
    known_.push_back(key);
    if (describing()) {
        context_.keys->push_back(field(key));
        return nullptr;
    }
    const Value::Entry* entry = table_.find(key);
    return entry == nullptr ? nullptr : &entry->value;
}

const Value* TableReader::expect(std::string_view key, Value::Kind kind, std::string_view what) {
    const Value* value = raw(key);
    if (value == nullptr || value->kind == kind) return value;
    error(key, "is " + std::string(to_string(value->kind)) + "; it must be " + std::string(what));
    return nullptr;
}

bool TableReader::text(std::string_view key, std::string& value, std::size_t least, std::size_t most) {
    const Value* found = expect(key, Value::Kind::text, "text in quotes");
    if (found == nullptr) return false;
    if (found->text.size() < least || found->text.size() > most) {
        error(key, "has " + std::to_string(found->text.size()) + " characters; allowed are " + std::to_string(least) +
                       " to " + std::to_string(most));
        return false;
    }
    // SMPP's C-octet strings end at the first NUL.
    if (found->text.find('\0') != std::string::npos) {
        error(key, "contains a NUL");
        return false;
    }
    value = found->text;
    return true;
}

bool TableReader::boolean(std::string_view key, bool& value) {
    const Value* found = expect(key, Value::Kind::boolean, "true or false");
    if (found == nullptr) return false;
    value = found->boolean;
    return true;
}

bool TableReader::read_number(std::string_view key, std::uint64_t& value, std::uint64_t least, std::uint64_t most) {
    const Value* found = expect(key, Value::Kind::integer, "a whole number");
    if (found == nullptr) return false;
    if (found->integer < 0 || static_cast<std::uint64_t>(found->integer) < least ||
        static_cast<std::uint64_t>(found->integer) > most) {
        error(key, std::to_string(found->integer) + " is out of range; allowed are " + std::to_string(least) + " to " +
                       std::to_string(most));
        return false;
    }
    value = static_cast<std::uint64_t>(found->integer);
    return true;
}

bool TableReader::read_duration(std::string_view key, nanoseconds& value, nanoseconds least, nanoseconds most,
                                nanoseconds unit) {
    const Value* found = expect(key, Value::Kind::text, "a duration in quotes, as \"30s\" or \"5m\"");
    if (found == nullptr) return false;
    const auto read = parse_duration(found->text);
    if (!read) {
        error(key, "'" + found->text + "': " + read.error().message);
        return false;
    }
    if (*read < least || *read > most) {
        error(key, duration_text(*read) + " is out of range; allowed are " + duration_text(least) + " to " +
                       duration_text(most));
        return false;
    }
    if (read->count() % unit.count() != 0) {
        error(key, duration_text(*read) + " is finer than " + duration_text(unit));
        return false;
    }
    value = *read;
    return true;
}

bool TableReader::size(std::string_view key, std::uint64_t& octets, std::uint64_t least, std::uint64_t most) {
    const Value* found = expect(key, Value::Kind::text, "a size in quotes, as \"10GiB\"");
    if (found == nullptr) return false;
    const auto read = parse_size(found->text);
    if (!read) {
        error(key, "'" + found->text + "': " + read.error().message);
        return false;
    }
    if (*read < least || *read > most) {
        error(key, size_text(*read) + " is out of range; allowed are " + size_text(least) + " to " + size_text(most));
        return false;
    }
    octets = *read;
    return true;
}

bool TableReader::endpoint(std::string_view key, routing::HostPort& value, bool any_port) {
    const Value* found = expect(key, Value::Kind::text, "an endpoint in quotes, as \"127.0.0.1:2775\"");
    if (found == nullptr) return false;
    auto read = parse_host_port(found->text);
    if (!read) {
        error(key, "'" + found->text + "': " + read.error().message);
        return false;
    }
    if (read->port == 0 && !any_port) {
        error(key, "'" + found->text + "': a port is 1 to 65535");
        return false;
    }
    value = std::move(*read);
    return true;
}

bool TableReader::path(std::string_view key, std::filesystem::path& value) {
    std::string read;
    if (!text(key, read, 1, 4096)) return false;
    value = std::filesystem::path(read).is_absolute() ? std::filesystem::path(read) : context_.folder / read;
    return true;
}

bool TableReader::read_choice(std::string_view key, std::span<const std::string_view> names, std::size_t& chosen) {
    const Value* found = expect(key, Value::Kind::text, "one of " + listed(names));
    if (found == nullptr) return false;
    const auto name = std::ranges::find(names, found->text);
    if (name == names.end()) {
        error(key, "'" + found->text + "' is not one of " + listed(names) + did_you_mean(found->text, names));
        return false;
    }
    chosen = static_cast<std::size_t>(name - names.begin());
    return true;
}

bool TableReader::items(std::string_view key,
                        const std::function<void(const Value& item, const std::string& field)>& each) {
    const Value* found = expect(key, Value::Kind::list, "a list in brackets");
    if (found == nullptr) return false;
    for (std::size_t i = 0; i < found->items.size(); ++i)
        each(found->items[i], field(key) + "[" + std::to_string(i + 1) + "]");
    return true;
}

bool TableReader::texts(std::string_view key,
                        const std::function<void(const std::string&, const Value&, const std::string&)>& each) {
    return items(key, [&](const Value& item, const std::string& name) {
        if (item.kind == Value::Kind::text) each(item.text, item, name);
        else context_.error(item.at, name, "is " + std::string(to_string(item.kind)) + "; it must be text in quotes");
    });
}

bool TableReader::table(std::string_view key, const std::function<void(TableReader&)>& read) {
    const Value* found = expect(key, Value::Kind::table, "a table");
    const Value nothing;
    if (found == nullptr && !describing()) return false;
    TableReader reader(found == nullptr ? nothing : *found, field(key), context_);
    read(reader);
    reader.finish();
    return true;
}

bool TableReader::tables(std::string_view key, const std::function<void(TableReader&)>& read) {
    const auto one = [&](const Value& item, std::string path) {
        TableReader reader(item, std::move(path), context_);
        read(reader);
        reader.finish();
    };
    if (describing()) {
        raw(key);
        one(Value{}, field(key) + "[]");
        return false;
    }
    return items(key, [&](const Value& item, const std::string& name) {
        if (item.kind == Value::Kind::table) one(item, name);
        else context_.error(item.at, name, "must be a table, written [[" + std::string(key) + "]]");
    });
}

bool TableReader::entries(std::string_view key,
                          const std::function<void(const Value::Entry&, const std::string&)>& each) {
    const Value* found = expect(key, Value::Kind::table, "a table");
    if (found == nullptr) return false;
    for (const Value::Entry& entry : found->entries) each(entry, field(key) + "." + entry.key);
    return true;
}

void TableReader::finish() {
    if (describing()) return;
    for (const Value::Entry& entry : table_.entries)
        if (std::ranges::find(known_, entry.key) == known_.end())
            context_.error(entry.at, field(entry.key), "is not a known key" + did_you_mean(entry.key, known_));
}

}  // namespace sluice::admin
