// libcurl's handles as values with one owner each, so that no path forgets to free one.
//
// Included by .cc files of this folder and of bridges/syslog only. A handle is used on one thread at a time
// (libcurl-thread(3)).
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

namespace rollcall::http {

// CURL and CURLM are both void in libcurl's header, so each gets a deleter of its own.
struct EasyFree {
    void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct MultiFree {
    void operator()(CURLM* handle) const { curl_multi_cleanup(handle); }
};
struct ListFree {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

using EasyHandle = std::unique_ptr<CURL, EasyFree>;
using MultiHandle = std::unique_ptr<CURLM, MultiFree>;

// Header lines in the form that CURLOPT_HTTPHEADER wants.
class HeaderLines {
  public:
    void add(const std::string& line) {
        curl_slist* longer = curl_slist_append(list_.get(), line.c_str());
        if (longer == nullptr) return;
        static_cast<void>(list_.release());
        list_.reset(longer);
    }
    [[nodiscard]] curl_slist* get() const { return list_.get(); }

  private:
    std::unique_ptr<curl_slist, ListFree> list_;
};

}  // namespace rollcall::http
