#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace sluice::admin {

/// Reads comma-separated values as RFC 4180 has them, row by row: fields may be quoted, a quote in a quoted field is
/// doubled, lines end in CRLF or LF. Besides, blanks around a field that is not quoted do not count, empty lines and
/// those that begin with `#` are passed over, and so is a byte order mark.
class CsvReader {
public:
    explicit CsvReader(std::string_view text);

    /// The next row; false at the end, and an error where a quoted field is wrong, with those before it in `fields`.
    /// They may point into the text or this reader, and are good until the next call.
    Result<bool> next(std::vector<std::string_view>& fields);
    /// Where the latest row begins, counted from 1.
    std::size_t line() const { return line_; }

private:
    std::string_view rest_;
    std::size_t line_ = 0, next_line_ = 1;
    std::vector<std::string> unquoted_;
};

}  // namespace sluice::admin
