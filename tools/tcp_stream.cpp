#include "tools/tcp_stream.hpp"

#include <algorithm>

namespace sluice::tools {

void TcpStream::add(std::uint32_t sequence, bool syn, ByteView data) {
    if (syn || !started_) {
        if (syn && started_ && later_.empty() && ready().empty()) started_ = false;  // the ports are used again
        if (!started_) next_ = (std::uint64_t{1} << 32) + sequence + (syn ? 1 : 0);
        started_ = true;
        if (syn) ++sequence;
    }
    // The 64-bit number nearest to what is expected that ends in these 32 bits.
    const auto distance = static_cast<std::int32_t>(sequence - static_cast<std::uint32_t>(next_));
    std::uint64_t at = next_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(distance));
    if (at < next_) {  // seen before, at least its beginning
        const std::uint64_t seen = next_ - at;
        if (seen >= data.size()) return;
        data = data.subspan(static_cast<std::size_t>(seen));
        at = next_;
    }
    if (data.empty()) return;
    auto& kept = later_[at];
    if (kept.size() >= data.size()) return;
    kept_ += data.size() - kept.size();
    kept.assign(data.begin(), data.end());
    take_in_order();
}

bool TcpStream::skip_gap() {
    if (later_.empty()) return false;
    ready_.clear();  // the beginning of something whose end is missing
    consumed_ = 0;
    next_ = later_.begin()->first;
    take_in_order();
    return true;
}

void TcpStream::take_in_order() {
    while (!later_.empty() && later_.begin()->first <= next_) {
        const auto& [at, octets] = *later_.begin();
        const auto seen = static_cast<std::size_t>(std::min<std::uint64_t>(next_ - at, octets.size()));
        ready_.insert(ready_.end(), octets.begin() + static_cast<std::ptrdiff_t>(seen), octets.end());
        next_ += octets.size() - seen;
        kept_ -= octets.size();
        later_.erase(later_.begin());
    }
}

void TcpStream::consume(std::size_t octets) {
    consumed_ += octets;
    if (consumed_ < ready_.size() / 2) return;
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(consumed_));
    consumed_ = 0;
}

}  // namespace sluice::tools
