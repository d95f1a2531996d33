#include "actors/metrics_server/metrics_http.hpp"

namespace flow {

namespace {

constexpr std::string_view head_end = "\r\n\r\n";

std::string response(std::string_view status, std::string_view type,
                     std::string_view body, bool with_body = true) {
  std::string result = "HTTP/1.1 ";
  result.append(status).append("\r\nContent-Type: ").append(type);
  result.append("\r\nContent-Length: ").append(std::to_string(body.size()));
  result.append("\r\nConnection: close\r\n\r\n");
  if (with_body)
    result.append(body);
  return result;
}

std::string refusal(std::string_view status) {
  return response(status, "text/plain; charset=utf-8",
                  std::string{status}.append("\n"));
}

/// The text up to the next space, which is taken away with it.
std::string_view take_word(std::string_view& rest) {
  const std::size_t space = rest.find(' ');
  const std::string_view word = rest.substr(0, space);
  rest.remove_prefix(space == std::string_view::npos ? rest.size() : space + 1);
  return word;
}

} // namespace

bool request_complete(std::string_view received) noexcept {
  return received.find(head_end) != std::string_view::npos
         || received.size() >= longest_request_head;
}

std::string answer_to(std::string_view received,
                      const std::function<std::string()>& render) {
  if (received.size() >= longest_request_head
      && received.find(head_end) == std::string_view::npos)
    return refusal("431 Request Header Fields Too Large");
  std::string_view line = received.substr(0, received.find("\r\n"));
  const std::string_view method = take_word(line);
  const std::string_view target = take_word(line);
  if (method.empty() || target.empty() || !line.starts_with("HTTP/1."))
    return refusal("400 Bad Request");
  if (method != "GET" && method != "HEAD")
    return refusal("405 Method Not Allowed");
  if (target.substr(0, target.find('?')) != "/metrics")
    return refusal("404 Not Found");
  return response("200 OK", "text/plain; version=0.0.4; charset=utf-8",
                  render(), method == "GET");
}

} // namespace flow
