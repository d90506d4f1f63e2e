#include "engine/admin/csv.hpp"

#include <algorithm>

namespace sluice::admin {

namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(blanks);
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

CsvReader::CsvReader(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
}

Result<bool> CsvReader::next(std::vector<std::string_view>& fields) {
    fields.clear();
    unquoted_.clear();
    for (;; ++next_line_) {
        if (rest_.empty()) return false;
        const std::string_view line = trimmed(rest_.substr(0, rest_.find('\n')));
        if (!line.empty() && line.front() != '#') break;
        rest_.remove_prefix(std::min(rest_.find('\n'), rest_.size() - 1) + 1);
    }
    line_ = next_line_;
    std::vector<std::size_t> quoted;  // fields whose text is in unquoted_, which may move while it grows
    for (bool more = true; more;) {
        const std::size_t begin = rest_.find_first_not_of(" \t");
        if (begin == rest_.npos || rest_[begin] != '"') {
            const std::size_t end = std::min(rest_.find_first_of(",\n"), rest_.size());
            fields.push_back(trimmed(rest_.substr(0, end)));
            rest_.remove_prefix(end);
        } else {
            rest_.remove_prefix(begin + 1);
            std::string& text = unquoted_.emplace_back();
            for (;;) {
                const std::size_t end = rest_.find('"');
                if (end == rest_.npos) return fail("a quoted field has no end");
                text += rest_.substr(0, end);
                rest_.remove_prefix(end + 1);
                if (!rest_.starts_with('"')) break;
                text += '"';
                rest_.remove_prefix(1);
            }
            next_line_ += static_cast<std::size_t>(std::ranges::count(text, '\n'));
            rest_.remove_prefix(std::min(rest_.find_first_not_of(blanks), rest_.size()));
            if (!rest_.empty() && rest_.front() != ',' && rest_.front() != '\n')
                return fail("something follows a quoted field that is no comma");
            quoted.push_back(fields.size());
            fields.emplace_back();
        }
        more = rest_.starts_with(',');
        if (!rest_.empty()) rest_.remove_prefix(1);
    }
    ++next_line_;
    for (std::size_t i = 0; i < quoted.size(); ++i) fields[quoted[i]] = unquoted_[i];
    return true;
}

}  // namespace sluice::admin
