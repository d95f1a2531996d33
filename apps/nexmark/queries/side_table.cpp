#include "apps/nexmark/queries/side_table.hpp"

namespace nexmark {

side_table side_table::standard() {
  side_table result;
  for (std::int64_t i = 0; i < modulus; ++i)
    result.add(i, std::to_string(i));
  return result;
}

void side_table::add(std::int64_t key, std::string_view value) {
  if (key > -modulus && key < modulus)
    values_[index_of(key)].emplace_back(value);
}

flow::expected<side_table> side_table::read(flow::file_system& files,
                                            const std::string& path) {
  const auto facts = flow::read_csv_facts(files, path);
  if (!facts)
    return facts.error();
  side_table result;
  if (!facts->header)
    return result;
  auto rows = flow::csv_reader::open(
    files, *facts,
    {{"key", flow::csv_type::integer}, {"value", flow::csv_type::text}});
  if (!rows)
    return rows.error();
  const flow::split_progress whole{.split = {facts->data_begin, facts->size},
                                   .offset = facts->data_begin};
  if (auto done = rows->start(whole); !done)
    return done.error();
  for (;;) {
    switch (rows->next()) {
    case flow::csv_status::row:
      result.add(rows->row().integer(0), rows->row().text(1));
      break;
    case flow::csv_status::malformed:
      return rows->malformed_failure();
    case flow::csv_status::failed:
      return rows->failure();
    case flow::csv_status::end:
      return result;
    }
  }
}

} // namespace nexmark
