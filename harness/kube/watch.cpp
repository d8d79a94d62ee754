#include "harness/kube/watch.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <stop_token>
#include <thread>
#include <utility>

#include "harness/kube/backoff.h"
#include "harness/kube/line_splitter.h"
#include "harness/kube/list_limits.h"
#include "harness/kube/list_page.h"
#include "harness/kube/transport.h"
#include "harness/kube/url.h"
#include "harness/kube/watch_stream.h"

namespace stateproof::kube {
namespace {

using Clock = std::chrono::steady_clock;
using Kind = ApiError::Kind;
using std::chrono::milliseconds;

constexpr milliseconds kLongestIdle{60'000};
constexpr std::size_t kLongestErrorBody = 64U << 10U;

struct MultiCleanup {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

/// One HTTP exchange that runs in a multi handle; removed from it when destroyed.
class Transfer {
 public:
  Transfer(CURLM* multi, EasyHandle handle, HttpRequest request, std::size_t max_line_bytes)
      : multi_(multi), handle_(std::move(handle)), request_(std::move(request)), lines_(max_line_bytes) {
    CURL* curl = handle_.get();
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, this);
    curl_multi_add_handle(multi_, curl);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer() { curl_multi_remove_handle(multi_, handle_.get()); }

  [[nodiscard]] const EasyHandle& handle() const { return handle_; }
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  [[nodiscard]] const HttpResponse& answer() const { return answer_; }
  [[nodiscard]] bool is_answered() const { return answered_; }
  [[nodiscard]] bool is_streaming() const { return answered_ && streams_ && answer_.status == 200; }
  [[nodiscard]] Clock::time_point started() const { return started_; }
  [[nodiscard]] Clock::time_point last_activity() const { return last_activity_; }
  [[nodiscard]] LineSplitter& lines() { return lines_; }
  /// A whole answer or a whole line counts, bytes do not: one a second would keep a dead watch alive.
  void note_activity() { last_activity_ = Clock::now(); }

  /// A good answer is cut into lines instead of being collected.
  void stream_lines() { streams_ = true; }

 private:
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<Transfer*>(self)->take_header({data, size * count});
    return size * count;
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    return static_cast<Transfer*>(self)->take_body({data, size * count}) ? size * count : 0;
  }

  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) answer_.headers.clear();
    add_header_line(answer_.headers, line);
    if (line != "\r\n" && line != "\n") return;
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<int>(status);
    answered_ = status >= 200;
    if (answered_) note_activity();
  }

  bool take_body(std::string_view bytes) {
    if (is_streaming()) {
      lines_.feed(bytes);
      return true;
    }
    const std::size_t limit = answer_.status == 200 ? request_.max_body_bytes : kLongestErrorBody;
    if (answer_.body.size() + bytes.size() > limit) return false;
    answer_.body.append(bytes);
    return true;
  }

  CURLM* multi_;
  EasyHandle handle_;
  HttpRequest request_;
  HttpResponse answer_;
  LineSplitter lines_;
  bool streams_ = false;
  bool answered_ = false;
  Clock::time_point started_ = Clock::now();
  Clock::time_point last_activity_ = started_;
};

/// What one watch shares with the others.
struct Surroundings {
  Transport& transport;
  CURLM* multi;
  const WatcherOptions& options;
  std::stop_token stop;
};

std::chrono::seconds jittered_upwards(std::chrono::seconds time) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::chrono::seconds::rep> more(0, time.count() / 2);
  return time + std::chrono::seconds{more(random)};
}

bool is_expired(const ApiError& error) {
  return error.is_gone() || error.reason == "Expired" || error.reason == "Gone";
}

/// No later attempt will be answered otherwise.
bool is_refusal(const ApiError& error) {
  return error.kind == Kind::kStatus && error.http_status >= 400 && error.http_status < 500 &&
         error.http_status != 408 && !error.is_too_many_requests();
}

/// The life of one watch: LIST pages, then WATCH after WATCH, with waits in between. All of it runs on the
/// watcher's thread.
class Watch {
 public:
  Watch(WatchRequest request, const Surroundings& around)
      : request_(std::move(request)),
        around_(around),
        list_options_{.label_selector = request_.label_selector, .field_selector = request_.field_selector},
        backoff_(around.options.first_backoff, around.options.max_backoff) {}

  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] bool runs(const CURL* curl) const { return transfer_ && transfer_->handle().get() == curl; }

  /// Starts what is due, hands out what has arrived, gives up on what is silent.
  void attend() {
    if (!transfer_ && !over_ && Clock::now() >= due_) begin();
    if (transfer_) hand_out();
    if (transfer_ && Clock::now() >= silence_ends()) {
      ride_out(ApiError::of(Kind::kTimeout, silence(), transfer_->request().shown()));
    }
  }

  /// libcurl is done with the current transfer.
  void conclude(CURLcode code) {
    hand_out();
    if (!transfer_) return;  // the last lines ended it already
    if (Clock::now() - transfer_->started() > around_.options.max_backoff && transfer_->is_streaming())
      note_progress();
    if (code != CURLE_OK) {
      ride_out(around_.transport.failure(transfer_->handle(), code, transfer_->request().shown()));
    } else if (transfer_->answer().status != 200) {
      take_refusal(error_from_answer(transfer_->answer(), transfer_->request().shown()));
    } else if (transfer_->is_streaming()) {
      come_back_soon();
    } else {
      take_page();
    }
  }

  /// Goes on over a new connection. A LIST that runs is new enough.
  void renew() {
    if (over_) return;
    to_tell_ = true;
    if (resource_version_.empty()) return;
    transfer_.reset();
    due_ = Clock::now();
  }

  /// When attend() has something to do next, unless bytes arrive before.
  [[nodiscard]] Clock::time_point next_attention() const { return transfer_ ? silence_ends() : due_; }

 private:
  void begin() {
    const bool listing = resource_version_.empty();
    HttpRequest request = listing
                              ? list_request(request_.resource, request_.ns, list_options_, continue_token_)
                              : watch_request();
    request.stop = around_.stop;
    EasyHandle handle;
    if (auto prepared = around_.transport.prepare(handle, request); !prepared)
      return ride_out(prepared.error());
    if (listing) {
      curl_easy_setopt(handle.get(), CURLOPT_ACCEPT_ENCODING, "");
      curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS,
                       static_cast<long>(around_.transport.options().request_timeout.count()));
    }
    around_.transport.count(request.counted_as);
    transfer_ = std::make_unique<Transfer>(around_.multi, std::move(handle), std::move(request),
                                           around_.options.max_line_bytes);
    if (!listing) transfer_->stream_lines();
  }

  [[nodiscard]] HttpRequest watch_request() const {
    Query query;
    query.add("watch", "1")
        .add("allowWatchBookmarks", "true")
        .add("resourceVersion", resource_version_)
        .add("timeoutSeconds", std::to_string(jittered_upwards(around_.options.server_timeout).count()))
        .add_if_set("labelSelector", request_.label_selector)
        .add_if_set("fieldSelector", request_.field_selector);
    HttpRequest request;
    request.path = request_.resource.path(request_.ns) + query.text();
    request.counted_as = fmt::format("watch {}", request_.resource.plural);
    request.headers = {"Accept: application/json"};
    return request;
  }

  void hand_out() {
    if (!transfer_->is_streaming()) return;
    renewed_ = false;
    const bool first = !std::exchange(synced_, true);
    const bool over_trouble = std::exchange(in_trouble_, false);
    if (std::exchange(to_tell_, false) || first || over_trouble) {
      hand([this](WatchSink& sink) { sink.on_synced(request_.resource); });
    }
    while (transfer_ && !around_.stop.stop_requested()) {
      const auto line = transfer_->lines().next();
      if (!line) break;
      transfer_->note_activity();
      take_line(*line);
    }
    if (transfer_ && transfer_->lines().is_overlong()) {
      open_gap(fmt::format("an event of more than {} bytes", around_.options.max_line_bytes));
    }
  }

  void take_line(const std::string& text) {
    auto line = parse_watch_line(request_.resource, text, transfer_->request().shown());
    if (auto* event = std::get_if<WatchEvent>(&line)) {
      note_progress();
      resource_version_ = event->resource_version;
      emit(std::move(*event));
    } else if (auto* bookmark = std::get_if<Bookmark>(&line)) {
      note_progress();
      if (!bookmark->resource_version.empty()) resource_version_ = std::move(bookmark->resource_version);
    } else {
      const auto& error = std::get<ApiError>(line);
      is_expired(error) ? open_gap(error.message) : ride_out(error);
    }
  }

  void take_page() {
    auto page = parse_list_page(request_.resource, transfer_->answer().body, transfer_->request());
    if (!page) return ride_out(page.error());
    if (auto endless = list_limits_.take(*page, transfer_->answer().body.size(), transfer_->request())) {
      forget_pages();
      return ride_out(*endless);
    }
    transfer_.reset();
    renewed_ = false;
    std::move(page->items.begin(), page->items.end(), std::back_inserter(listed_));
    continue_token_ = std::move(page->continue_token);
    due_ = Clock::now();
    if (continue_token_.empty()) take_list(std::move(page->resource_version));
  }

  void take_list(std::string resource_version) {
    resource_version_ = std::move(resource_version);
    list_limits_ = {};
    auto objects = std::exchange(listed_, {});
    if (auto gap = std::exchange(gap_, std::nullopt)) {
      gap->to_resource_version = resource_version_;
      hand([&](WatchSink& sink) { sink.on_gap(request_.resource, *gap); });
      for (WatchEvent& event : known_.difference(request_.resource, std::move(objects)))
        emit(std::move(event));
    } else {
      for (auto& object : objects)
        emit(make_event(request_.resource, WatchEventType::kListed, std::move(object)));
    }
  }

  void emit(WatchEvent event) {
    known_.apply(event);
    hand([&](WatchSink& sink) { sink.on_event(request_.resource, std::move(event)); });
  }

  /// What a sink stumbles over is told to it as trouble, and the watch goes on: one odd object must not end a
  /// process that has others to look after.
  template <class Act>
  void hand(Act act) {
    try {
      act(*request_.sink);
    } catch (const std::exception& stumble) {
      tell_stumble(stumble.what());
    }
  }

  void tell_stumble(const char* what) {
    try {
      request_.sink->on_trouble(
          request_.resource,
          ApiError::of(Kind::kProtocol, fmt::format("an object that is not understood: {}", what),
                       "GET " + request_.resource.path(request_.ns)));
    } catch (const std::exception&) {  // cannot even be told so
    }
  }

  void take_refusal(const ApiError& error) {
    if (error.http_status == 401 && !renewed_ && around_.transport.credentials_refused(transfer_->handle())) {
      renewed_ = true;
      transfer_.reset();
      due_ = Clock::now();
    } else if (is_expired(error) && !resource_version_.empty()) {
      open_gap(error.message);
    } else if (is_expired(error) && list_options_.page_size > 0) {
      list_again_in_one_piece();
    } else if (is_refusal(error) && !may_pass(error)) {
      fail(error);
    } else {
      ride_out(error);
    }
  }

  bool may_pass(const ApiError& error) {
    if (!synced_ || (error.http_status != 401 && error.http_status != 403)) return false;
    if (!refused_since_) refused_since_ = Clock::now();
    return Clock::now() - *refused_since_ < around_.options.refusal_limit;
  }

  /// The history behind a continue token is gone. In one piece the list cannot expire.
  void list_again_in_one_piece() {
    list_options_.page_size = 0;
    forget_pages();
    come_back_soon();
  }

  void open_gap(std::string reason) {
    gap_ = WatchGap{
        .reason = std::move(reason), .from_resource_version = resource_version_, .to_resource_version = {}};
    resource_version_.clear();
    forget_pages();
    come_back_soon();
  }

  void forget_pages() {
    list_limits_ = {};
    listed_.clear();
    continue_token_.clear();
  }

  void note_progress() {
    in_trouble_ = false;
    barren_ = false;
    refused_since_.reset();
    backoff_.reset();
  }

  /// After an end that is normal: at once, but with growing waits when nothing but ends comes.
  void come_back_soon() {
    transfer_.reset();
    due_ = Clock::now();
    if (std::exchange(barren_, true)) due_ += backoff_.next();
  }

  void ride_out(const ApiError& error) {
    transfer_.reset();
    if (error.kind == Kind::kCancelled) {
      over_ = true;
      return;
    }
    // Wrong from the start does not become right; later it may be a rotation that is half done.
    if (!synced_ && (error.kind == Kind::kCredentials || error.kind == Kind::kTls)) return fail(error);
    const milliseconds own = backoff_.next();
    const milliseconds asked{error.retry_after.value_or(std::chrono::seconds{0})};
    due_ = Clock::now() + std::max(own, std::min<milliseconds>(asked, kMostPatience));
    if (!std::exchange(in_trouble_, true))
      hand([&](WatchSink& sink) { sink.on_trouble(request_.resource, error); });
  }

  void fail(const ApiError& error) {
    over_ = true;
    transfer_.reset();
    hand([&](WatchSink& sink) { sink.on_failed(request_.resource, error); });
  }

  [[nodiscard]] milliseconds patience() const {
    return transfer_->is_answered()
               ? around_.options.silence_limit
               : std::min(around_.options.silence_limit, around_.transport.options().request_timeout);
  }

  /// A LIST has a limit of its own.
  [[nodiscard]] Clock::time_point silence_ends() const {
    return resource_version_.empty() ? Clock::time_point::max() : transfer_->last_activity() + patience();
  }

  [[nodiscard]] std::string silence() const {
    return fmt::format("{} for {} ms", transfer_->is_answered() ? "not even a bookmark" : "no answer",
                       patience().count());
  }

  WatchRequest request_;
  Surroundings around_;
  ListOptions list_options_;

  std::unique_ptr<Transfer> transfer_;
  Clock::time_point due_ = Clock::now();
  Backoff backoff_;
  std::string resource_version_;  ///< of the last event or bookmark; empty: a LIST is needed
  std::string continue_token_;
  ListLimits list_limits_;
  std::vector<nlohmann::json> listed_;  ///< pages so far
  std::optional<WatchGap> gap_;         ///< open until the LIST that follows it is complete
  KnownObjects known_;
  bool synced_ = false;
  bool in_trouble_ = false;  ///< reported, not yet over
  bool to_tell_ = false;     ///< that the watch is established, although it was before
  std::optional<Clock::time_point> refused_since_;
  bool barren_ = false;   ///< the last watch ended without having brought anything
  bool renewed_ = false;  ///< credentials, since the last good answer
  bool over_ = false;
};

}  // namespace

class Watcher::Impl {
 public:
  Impl(Client client, WatcherOptions options)
      : client_(std::move(client)),
        options_(options),
        multi_(curl_multi_init()),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(); }

  void start(WatchRequest request) {
    {
      const std::lock_guard lock{mutex_};
      new_requests_.push_back(std::move(request));
    }
    curl_multi_wakeup(multi_.get());
  }

  void renew() {
    {
      const std::lock_guard lock{mutex_};
      to_renew_ = true;
    }
    curl_multi_wakeup(multi_.get());
  }

  void stop() {
    thread_.request_stop();
    curl_multi_wakeup(multi_.get());
    if (std::this_thread::get_id() == thread_id_)
      return;  // a sink stops its own watcher; the destructor joins
    const std::lock_guard lock{joining_};
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run(const std::stop_token& stop) {
    std::list<Watch> watches;
    const Surroundings around{*client_.transport(), multi_.get(), options_, stop};
    while (!stop.stop_requested()) {
      if (take_renewal())
        for (Watch& watch : watches) watch.renew();
      for (WatchRequest& request : take_new_requests()) watches.emplace_back(std::move(request), around);
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      conclude_finished(watches);
      for (Watch& watch : watches) {
        if (stop.stop_requested()) return;
        watch.attend();
      }
      watches.remove_if([](const Watch& watch) { return watch.is_over(); });
      curl_multi_poll(multi_.get(), nullptr, 0, idle_time(watches), nullptr);
    }
  }

  std::vector<WatchRequest> take_new_requests() {
    const std::lock_guard lock{mutex_};
    return std::exchange(new_requests_, {});
  }

  bool take_renewal() {
    const std::lock_guard lock{mutex_};
    return std::exchange(to_renew_, false);
  }

  void conclude_finished(std::list<Watch>& watches) {
    // Handling a message removes its handle, which makes the message invalid: read all of them first.
    std::vector<std::pair<CURL*, CURLcode>> finished;
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      finished.emplace_back(message->easy_handle, message->data.result);
    }
    for (const auto& [curl, code] : finished) {
      const auto watch =
          std::ranges::find_if(watches, [curl = curl](const Watch& w) { return w.runs(curl); });
      if (watch != watches.end()) watch->conclude(code);
    }
  }

  /// Milliseconds until a watch needs attention without bytes having arrived.
  static int idle_time(const std::list<Watch>& watches) {
    milliseconds idle = kLongestIdle;
    for (const Watch& watch : watches) {
      const auto next = watch.next_attention();
      if (next - Clock::now() < idle) idle = std::chrono::ceil<milliseconds>(next - Clock::now());
    }
    return static_cast<int>(std::max(idle, milliseconds{0}).count());
  }

  Client client_;
  const WatcherOptions options_;
  std::unique_ptr<CURLM, MultiCleanup> multi_;
  std::mutex mutex_;
  std::mutex joining_;
  std::vector<WatchRequest> new_requests_;
  bool to_renew_ = false;
  std::jthread thread_;  // after all that it uses
  const std::thread::id thread_id_ = thread_.get_id();
};

Watcher::Watcher(Client client, WatcherOptions options)
    : impl_(std::make_unique<Impl>(std::move(client), options)) {}
Watcher::~Watcher() = default;
void Watcher::start(WatchRequest request) { impl_->start(std::move(request)); }
void Watcher::renew() { impl_->renew(); }
void Watcher::stop() { impl_->stop(); }

}  // namespace stateproof::kube
