#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "apps/nexmark/counting_sink.hpp"
#include "apps/nexmark/event.hpp"
#include "apps/nexmark/latency.hpp"
#include "apps/nexmark/queries/side_table.hpp"
#include "apps/nexmark/timed_sink.hpp"
#include "libflow/connectors/files/file_sink.hpp"
#include "libflow/connectors/files/output_directory.hpp"

#if FLOW_COMMON_TYPES
/// Compiled once, in query.cpp, and not for every query.
namespace flow {
FLOW_COMMON_RECORD(extern, nexmark::event)
}
#endif

namespace nexmark {

/// What a query gets: its input, and where its rows go.
struct query_context {
  flow::data_stream<event> events; ///< as read
  flow::duration_ms out_of_orderness{4000};
  std::string output; ///< folder; empty: rows are only counted
  std::shared_ptr<const side_table> side_input; ///< of q13
  std::shared_ptr<shared_table_checksum> total;
  std::shared_ptr<latencies> took; ///< null: not measured

  /// The events with watermarks.
  /// @param extra  how much more these are behind
  [[nodiscard]] flow::data_stream<event>
  timed_events(flow::duration_ms extra = flow::duration_ms{0}) const;

  /// Ends the query: writes rows as CSV, or counts them.
  /// @param header  names of the columns, without `op` and line's end
  /// @param format  void(const Row&, csv_writer&), all fields and no row's end
  template <class Row, class Format>
  void finish(const flow::data_stream<Row>& rows, std::string_view header,
              Format format) const {
    write(rows, std::string{header} + "\n",
          [format](const Row& row, flow::csv_writer& to) {
            format(row, to);
            to.end_row();
          });
  }

  /// The same for a changelog.
  template <class Row, class Format>
  void finish(const flow::data_stream<changed<Row>>& rows,
              std::string_view header, Format format) const {
    write(rows, "op," + std::string{header} + "\n",
          [format](const changed<Row>& each, flow::csv_writer& to) {
            to.text(to_string(each.op));
            format(each.row, to);
            to.end_row();
          });
  }

  /// The same with a sink of the query's own; null: rows are only counted.
  template <class Row>
  void finish_in(const flow::data_stream<Row>& rows,
                 std::shared_ptr<const flow::sink<Row>> end) const {
    if (!end)
      end = std::make_shared<counting_sink<Row>>(total);
    if (took)
      end = std::make_shared<timed_sink<Row>>(std::move(end), took);
    rows.sink_to(std::move(end)).uid("rows").name("rows");
  }

private:
  template <class Row, class Format>
  void write(const flow::data_stream<Row>& rows, std::string header,
             Format format) const {
    std::shared_ptr<const flow::sink<Row>> end;
    if (!output.empty())
      end = flow::make_file_sink<Row>(
        {.files = flow::local_files(),
         .folder = output + "/" + std::string{flow::results_folder},
         .header = std::move(header)},
        std::move(format));
    finish_in(rows, std::move(end));
  }
};

/// One of the benchmark's queries.
struct query {
  std::string_view name; ///< "q0"
  std::string_view what; ///< one clause
  void (*compose)(const query_context& context);
};

/// All queries, in the order of their numbers.
[[nodiscard]] std::span<const query> all_queries();

/// Null when there is none of that name.
[[nodiscard]] const query* find_query(std::string_view name);

// Each in the file of its name.
void compose_q0(const query_context& context);
void compose_q1(const query_context& context);
void compose_q2(const query_context& context);
void compose_q3(const query_context& context);
void compose_q4(const query_context& context);
void compose_q5(const query_context& context);
void compose_q6(const query_context& context);
void compose_q7(const query_context& context);
void compose_q8(const query_context& context);
void compose_q9(const query_context& context);
void compose_q10(const query_context& context);
void compose_q11(const query_context& context);
void compose_q12(const query_context& context);
void compose_q13(const query_context& context);
void compose_q14(const query_context& context);
void compose_q15(const query_context& context);
void compose_q16(const query_context& context);
void compose_q17(const query_context& context);
void compose_q18(const query_context& context);
void compose_q19(const query_context& context);
void compose_q20(const query_context& context);
void compose_q21(const query_context& context);
void compose_q22(const query_context& context);
void compose_q23(const query_context& context);

} // namespace nexmark
