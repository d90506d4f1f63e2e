#pragma once

namespace sluice::bench {

/// The page's look. Colours of lines are told apart by people who see colours differently, on either background.
inline constexpr const char* report_style = R"css(
:root { color-scheme: light dark;
  --page: #f9f9f7; --card: #fcfcfb; --ink: #0b0b0b; --soft: #52514e; --faint: #898781; --grid: #e1e0d9; --axis: #c3c2b7;
  --border: rgba(11,11,11,.10); --good: #006300; --bad: #c02f2f; --warn: #8a5a00;
  --c0: #2a78d6; --c1: #eb6834; --c2: #1baf7a; --c3: #eda100; --c4: #e87ba4; --c5: #4a3aa7; }
@media (prefers-color-scheme: dark) { :root {
  --page: #0d0d0d; --card: #1a1a19; --ink: #ffffff; --soft: #c3c2b7; --faint: #898781; --grid: #2c2c2a; --axis: #383835;
  --border: rgba(255,255,255,.10); --good: #0ca30c; --bad: #ef6b6b; --warn: #e0a53d;
  --c0: #3987e5; --c1: #d95926; --c2: #199e70; --c3: #c98500; --c4: #d55181; --c5: #9085e9; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 32px 24px 64px; max-width: 1320px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 0; }
p { margin: 4px 0; } .soft { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--border); border-radius: 10px; padding: 20px 22px;
  margin-top: 20px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 18px; margin: 12px 0 0; color: var(--soft); }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
code { font: 13px/1.5 ui-monospace, monospace; }
ul.notes { list-style: none; margin: 12px 0 0; padding: 0; }
ul.notes li { padding: 2px 0; } ul.notes b { display: inline-block; min-width: 72px; font-size: 12px; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .warn { color: var(--warn); }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 18px 28px;
  margin-top: 16px; }
figure { margin: 0; min-width: 0; max-width: 660px; } figcaption { font-weight: 600; font-size: 14px; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 16px; font-size: 13px; color: var(--soft); }
.legend i { display: inline-block; width: 14px; height: 3px; border-radius: 2px; margin-right: 6px;
  vertical-align: middle; background: var(--line); }
svg { display: block; width: 100%; height: auto; }
svg text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--faint); }
svg text.name { fill: var(--soft); }
svg text.title { fill: var(--ink); font-weight: 600; font-size: 14px; }
svg rect.card { fill: var(--card); }
.grid { stroke: var(--grid); } .axis, .mark { stroke: var(--axis); }
.c0 { --line: var(--c0); } .c1 { --line: var(--c1); } .c2 { --line: var(--c2); } .c3 { --line: var(--c3); }
.c4 { --line: var(--c4); } .c5 { --line: var(--c5); }
.line { fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.band { fill: var(--line); opacity: .14; }
circle { fill: var(--line); stroke: var(--card); stroke-width: 2; }
.wide { overflow-x: auto; margin-top: 14px; }
table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: 4px; font-size: 13px; }
th, td { padding: 4px 14px 4px 0; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--grid); }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child { text-align: left; }
td small { color: var(--faint); font-size: 11.5px; }
)css";

}  // namespace sluice::bench
