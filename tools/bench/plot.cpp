#include "tools/bench/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tools/bench/report_style.hpp"

namespace sluice::bench {

namespace {

constexpr double width = 620, height = 300;
constexpr double heading = 46;  ///< of a picture: its title and legend
constexpr double left = 58, right = 18, top = 14, bottom = 46;
constexpr std::size_t most_labels = 10;  ///< beyond, the x axis has round numbers instead of the points' own
constexpr double label_distance = 46;

/// From values to pixels.
class Axis {
public:
    Axis(double low, double high, bool logarithmic, double from, double to)
        : low_(logarithmic ? std::log10(low) : low), high_(logarithmic ? std::log10(high) : high),
          logarithmic_(logarithmic), from_(from), to_(to) {}
    double at(double value) const {
        const double along = (logarithmic_ ? std::log10(value) : value) - low_;
        return from_ + (to_ - from_) * (high_ > low_ ? along / (high_ - low_) : 0.5);
    }

private:
    double low_, high_;
    bool logarithmic_;
    double from_, to_;
};

struct Range {
    double least = std::numeric_limits<double>::max(), most = 0;
    void take(double value) {
        least = std::min(least, value);
        most = std::max(most, value);
    }
};

class Drawing {
public:
    explicit Drawing(const Plot& plot) : plot_(plot) {
        for (const PlotLine& line : plot.lines) {
            lines_.push_back({line.name, {}});
            for (const PlotPoint& point : line.points)
                if ((!plot.log_x || point.x > 0) && (!plot.log_y || point.y > 0)) add(lines_.back(), point);
        }
    }

    std::string figure() {
        const std::string text = fmt::format("<figure><figcaption>{}</figcaption>{}", escaped(plot_.title), legend());
        if (is_empty()) return text + "<p>nothing was measured</p></figure>\n";
        return text + fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", width, height,
                                  escaped(plot_.title)) + draw() + "</svg></figure>\n";
    }

    std::string picture() {
        std::string text = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 {0} {1} {2}\" width=\"{1}\" height=\"{2}\">"
            "<style>{3}</style><rect class=\"card\" y=\"{0}\" width=\"{1}\" height=\"{2}\"/>"
            "<text class=\"title\" x=\"{4}\" y=\"{5}\">{6}</text>",
            -heading, width, height + heading, report_style, left, -heading + 20, escaped(plot_.title));
        if (lines_.size() > 1) {
            constexpr double apart = 120;
            for (std::size_t i = 0; i < lines_.size(); ++i) {
                const double at = left + apart * static_cast<double>(i);
                text += fmt::format("<line class=\"line c{}\" x1=\"{}\" x2=\"{}\" y1=\"-8\" y2=\"-8\"/>"
                                    "<text class=\"name\" x=\"{}\" y=\"-4\">{}</text>",
                                    i, at, at + 14, at + 20, escaped(lines_[i].name));
            }
        }
        if (is_empty()) text += fmt::format("<text class=\"name\" x=\"{}\" y=\"40\">nothing was measured</text>", left);
        else text += draw();
        return text + "</svg>\n";
    }

private:
    bool is_empty() const { return x_.most < x_.least || y_.most <= 0; }

    std::string draw() {
        std::string text;
        const auto y_ticks = plot_.log_y ? log_ticks(y_.least, y_.most) : linear_ticks(y_.most);
        const Axis y(plot_.log_y ? y_ticks.front() : 0, y_ticks.back(), plot_.log_y, height - bottom, top);
        const double pad = x_.most > x_.least ? 0 : 1;
        const double low = plot_.log_x ? x_.least / (1 + pad) : x_.least - pad;
        const double high = plot_.log_x ? x_.most * (1 + pad) : x_.most + pad;
        const Axis x(low, high, plot_.log_x, left + 14, width - right);
        for (const double tick : y_ticks)
            text += fmt::format("<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>"
                                "<text class=\"tick\" x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>",
                                left, width - right, y.at(tick), y.at(tick), left - 8, y.at(tick) + 4,
                                short_number(tick));
        text += x_axis(x);
        text += fmt::format("<text class=\"name\" x=\"14\" y=\"{0:.0f}\" transform=\"rotate(-90 14 {0:.0f})\" "
                            "text-anchor=\"middle\">{1}</text>", (height - bottom + top) / 2, escaped(plot_.y_name));
        for (std::size_t i = 0; i < lines_.size(); ++i) text += draw_line(lines_[i], i, x, y);
        return text;
    }

    void add(PlotLine& line, PlotPoint point) {
        if (plot_.log_y) point.least = std::max(point.least, point.y / 1000);
        x_.take(point.x);
        y_.take(point.least);
        y_.take(point.most);
        line.points.push_back(point);
    }

    std::string legend() const {
        if (lines_.size() < 2) return {};
        std::string text = "<div class=\"legend\">";
        for (std::size_t i = 0; i < lines_.size(); ++i)
            text += fmt::format("<span><i class=\"c{}\"></i>{}</span>", i, escaped(lines_[i].name));
        return text + "</div>";
    }

    /// A label at every point while there are few; where two would touch, the second is left out.
    std::string x_axis(const Axis& x) const {
        std::vector<double> ticks;
        for (const PlotLine& line : lines_)
            for (const PlotPoint& point : line.points) ticks.push_back(point.x);
        std::ranges::sort(ticks);
        ticks.erase(std::unique(ticks.begin(), ticks.end()), ticks.end());
        if (ticks.size() > most_labels && plot_.x_labels.empty()) {
            ticks = plot_.log_x ? log_ticks(x_.least, x_.most) : linear_ticks(x_.most);
            std::erase_if(ticks, [this](double tick) { return tick < x_.least || tick > x_.most; });
        }
        std::string text;
        double last = -label_distance;
        for (std::size_t i = 0; i < ticks.size(); ++i) {
            const double at = x.at(ticks[i]);
            if (at - last < label_distance) continue;
            last = at;
            const std::string label = i < plot_.x_labels.size() ? plot_.x_labels[i] : short_number(ticks[i]);
            text += fmt::format("<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
                                "<text class=\"tick\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4}</text>",
                                at, height - bottom, height - bottom + 4, height - bottom + 17, escaped(label));
        }
        return text + fmt::format("<line class=\"axis\" x1=\"{}\" x2=\"{}\" y1=\"{}\" y2=\"{}\"/>"
                                  "<text class=\"name\" x=\"{:.0f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                                  left, width - right, height - bottom, height - bottom, (width - right + left) / 2,
                                  height - 8, escaped(plot_.x_name));
    }

    std::string draw_line(const PlotLine& line, std::size_t number, const Axis& x, const Axis& y) const {
        std::string path, upper, lower, marks;
        bool spread = false;
        for (const PlotPoint& point : line.points) {
            const double across = x.at(point.x);
            path += fmt::format("{}{:.1f},{:.1f}", path.empty() ? "" : " ", across, y.at(point.y));
            upper += fmt::format("{:.1f},{:.1f} ", across, y.at(point.most));
            lower.insert(0, fmt::format("{:.1f},{:.1f} ", across, y.at(point.least)));
            spread = spread || point.most > point.least;
            std::string tip = fmt::format("{}{}{} {}: {}", line.name, line.name.empty() ? "" : ", ", plot_.x_name,
                                          label_at(point.x), fmt::format("{:.4g}", point.y));
            if (point.most > point.least) tip += fmt::format(" ({:.4g} to {:.4g})", point.least, point.most);
            marks += fmt::format("<circle class=\"c{}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"><title>{}</title></circle>",
                                 number, across, y.at(point.y), escaped(tip));
        }
        std::string text;
        if (spread) text += fmt::format("<polygon class=\"band c{}\" points=\"{}{}\"/>", number, upper, lower);
        return text + fmt::format("<polyline class=\"line c{}\" points=\"{}\"/>{}", number, path, marks);
    }

    std::string label_at(double x) const {
        const auto index = static_cast<std::size_t>(x);
        return index < plot_.x_labels.size() ? plot_.x_labels[index] : short_number(x);
    }

    const Plot& plot_;
    std::vector<PlotLine> lines_;
    Range x_, y_;
};

}  // namespace

std::string figure_of(const Plot& plot) { return Drawing(plot).figure(); }
std::string picture_of(const Plot& plot) { return Drawing(plot).picture(); }

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        switch (c) {
            case '&': result += "&amp;"; break;
            case '<': result += "&lt;"; break;
            case '>': result += "&gt;"; break;
            case '"': result += "&quot;"; break;
            default: result += c;
        }
    }
    return result;
}

std::string short_number(double value) {
    static constexpr struct {
        double unit;
        const char* suffix;
    } units[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (const auto& [unit, suffix] : units)
        if (std::abs(value) >= unit * 0.9995) return fmt::format("{:.3g}{}", value / unit, suffix);
    return fmt::format("{:.3g}", value);
}

std::vector<double> linear_ticks(double most) {
    if (!(most > 0)) most = 1;
    const double rough = most / 5, power = std::pow(10, std::floor(std::log10(rough)));
    const double step = power * (rough / power <= 1 ? 1 : rough / power <= 2 ? 2 : rough / power <= 5 ? 5 : 10);
    std::vector<double> ticks;
    for (int i = 0;; ++i) {
        ticks.push_back(i * step);
        if (ticks.back() >= most * (1 - 1e-9)) return ticks;
    }
}

std::vector<double> log_ticks(double least, double most) {
    const bool sparse = most / least > 2000;
    std::vector<double> ticks;
    for (double power = std::pow(10, std::floor(std::log10(least)));; power *= 10)
        for (const double digit : {1.0, 2.0, 5.0}) {
            if (sparse && digit != 1) continue;
            const double tick = digit * power;
            if (tick <= least * (1 + 1e-9)) ticks.clear();  // only the last one below is wanted
            ticks.push_back(tick);
            if (tick >= most * (1 - 1e-9) && ticks.size() > 1) return ticks;
        }
}

}  // namespace sluice::bench
