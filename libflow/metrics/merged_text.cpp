#include "libflow/metrics/merged_text.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

namespace flow {

namespace {

struct family {
  std::string_view name;
  std::string head; ///< its lines of HELP and TYPE
  std::string samples;
};

/// The name in `# HELP name text` or `# TYPE name kind`; empty for a sample.
std::string_view name_in(std::string_view line) {
  if (!line.starts_with("# HELP ") && !line.starts_with("# TYPE "))
    return {};
  line.remove_prefix(std::string_view{"# HELP "}.size());
  return line.substr(0, line.find(' '));
}

class merger {
public:
  void add(std::string_view text) {
    family* current = nullptr;
    bool fresh = false;
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
      const std::string_view line = text.substr(0, end);
      text.remove_prefix(end);
      const std::string_view name = name_in(line);
      if (!name.empty() && (current == nullptr || current->name != name)) {
        const auto known = find(name);
        fresh = known == families_.size();
        if (fresh)
          families_.push_back({name, {}, {}});
        current = &families_[known];
      }
      if (current == nullptr)
        continue;
      if (name.empty())
        current->samples += line;
      else if (fresh)
        current->head += line;
    }
  }

  [[nodiscard]] std::string text() const {
    std::string result;
    for (const family& each : families_)
      result += each.head + each.samples;
    return result;
  }

private:
  [[nodiscard]] std::size_t find(std::string_view name) const {
    return static_cast<std::size_t>(
      std::find_if(families_.begin(), families_.end(),
                   [name](const family& each) { return each.name == name; })
      - families_.begin());
  }

  std::vector<family> families_;
};

} // namespace

std::string merged_text(std::span<const std::string> texts) {
  merger all;
  for (const std::string& each : texts)
    all.add(each);
  return all.text();
}

} // namespace flow
