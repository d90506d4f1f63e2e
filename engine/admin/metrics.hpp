#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace sluice::admin {

/// Writes the Prometheus text format 0.0.4. A family's samples follow its head, all together.
class MetricsText {
public:
    static constexpr const char* content_type = "text/plain; version=0.0.4; charset=utf-8";

    struct Label {
        std::string_view name;
        std::string_view value;  ///< any text: what the format reserves is escaped
    };
    using Labels = std::initializer_list<Label>;

    /// By the field's conventions `name` begins with "sluice_", ends in "_total", and seconds and bytes are the units.
    void counter(std::string_view name, std::string_view help) { family(name, help, "counter"); }
    void gauge(std::string_view name, std::string_view help) { family(name, help, "gauge"); }

    template <std::integral Value>
    void sample(Labels labels, Value value) {
        sample(labels, std::string_view(std::to_string(value)));
    }
    void sample(Labels labels, double value);
    /// A family of one sample without labels.
    template <class Value>
    void counter(std::string_view name, std::string_view help, Value value) {
        counter(name, help);
        sample({}, value);
    }
    template <class Value>
    void gauge(std::string_view name, std::string_view help, Value value) {
        gauge(name, help);
        sample({}, value);
    }

    std::string take() { return std::move(text_); }

private:
    void family(std::string_view name, std::string_view help, std::string_view type);
    void sample(Labels labels, std::string_view value);

    std::string name_;
    std::string text_;
};

/// This process, as the system sees it.
struct ProcessStats {
    std::uint64_t resident_bytes = 0;
    double cpu_seconds = 0;        ///< user and system
    std::uint64_t open_files = 0;
    std::uint64_t max_files = 0;   ///< the soft limit
    std::uint64_t threads = 0;
};
ProcessStats process_stats();

}  // namespace sluice::admin
