// SPDX-License-Identifier: Apache-2.0
// The defaults of Postfix's parameters: the values of Postfix 3.7 in Debian. The table lacks
// parameters that a program computes: myhostname and mydomain, from the name of the machine, and
// mynetworks, from its interfaces, which this program does not need.
#include "main_cf/defaults.hpp"

#include <algorithm>
#include <array>

namespace scache::main_cf {
namespace {

constexpr auto kBeforeHostName = std::to_array<Default>({
    {"compatibility_level", "0", Kind::text},
    {"mail_version", "3.7.11"},
    {"syslog_facility", "mail", Kind::word},
    {"inet_protocols", "all"},
    {"multi_instance_directories", ""},
    {"multi_instance_group", ""},
    {"multi_instance_name", "", Kind::text},
    {"maillog_file", "", Kind::text},
    {"maillog_file_prefixes", "/var, /dev/stdout", Kind::word},
    {"maillog_file_compressor", "gzip"},
    {"maillog_file_rotate_suffix", "%Y%m%d-%H%M%S"},
    {"postlog_service_name", "postlog", Kind::word},
    {"dnssec_probe", "ns:."},
    {"known_tcp_ports", "lmtp=24, smtp=25, smtps=submissions=465, submission=587"},
    {"daemon_table_open_error_is_fatal", "no"},
    {"dns_ncache_ttl_fix_enable", "no"},
    {"smtputf8_enable", "${{$compatibility_level} <level {1} ? {no} : {yes}}", Kind::boolean},
    {"enable_idna2003_compatibility", "no"},
    {"respectful_logging", "${{$compatibility_level} <level {3.6} ? {no} : {yes}}"},
});

constexpr auto kAfterHostName = std::to_array<Default>({
    {"mail_name", "Postfix"},
    {"syslog_name", "${multi_instance_name?{$multi_instance_name}:{postfix}}", Kind::word},
    {"mail_owner", "postfix", Kind::word},
    {"setgid_group", "postdrop"},
    {"mydestination", "$myhostname, localhost.$mydomain, localhost"},
    {"myorigin", "$myhostname"},
    {"relayhost", ""},
    {"daemon_directory", "/usr/lib/postfix/sbin"},
    {"data_directory", "/var/lib/postfix"},
    {"command_directory", "/usr/sbin"},
    {"meta_directory", "/etc/postfix"},
    {"queue_directory", "/var/spool/postfix", Kind::word},
    {"shlib_directory", "/usr/lib/postfix"},
    {"process_id_directory", "pid"},
    {"inet_interfaces", "all"},
    {"proxy_interfaces", ""},
    {"double_bounce_sender", "double-bounce"},
    {"default_privs", "nobody"},
    {"alias_database", "hash:/etc/aliases"},
    {"mail_release_date", "20240304"},
    {"default_database_type", "hash"},
    {"hash_queue_names", "deferred, defer"},
    {"recipient_delimiter", ""},
    {"relay_domains", "${{$compatibility_level} <level {2} ? {$mydestination} : {}}"},
    {"fast_flush_domains", "$relay_domains"},
    {"export_environment", "TZ MAIL_CONFIG LANG"},
    {"import_environment",
     "MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ XAUTHORITY DISPLAY LANG=C POSTLOG_SERVICE "
     "POSTLOG_HOSTNAME"},
    {"mynetworks_style", "${{$compatibility_level} <level {2} ? {subnet} : {host}}"},
    {"debug_peer_list", ""},
    {"default_verp_delimiters", "+="},
    {"verp_delimiter_filter", "-=+"},
    {"parent_domain_matches_subdomains",
     "debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,"
     "qmqpd_authorized_clients,relay_domains,smtpd_access_maps"},
    {"alternate_config_directories", ""},
    {"bounce_service_name", "bounce"},
    {"cleanup_service_name", "cleanup"},
    {"defer_service_name", "defer"},
    {"pickup_service_name", "pickup"},
    {"queue_service_name", "qmgr"},
    {"rewrite_service_name", "rewrite"},
    {"showq_service_name", "showq"},
    {"error_service_name", "error"},
    {"flush_service_name", "flush"},
    {"address_verify_service_name", "verify"},
    {"trace_service_name", "trace"},
    {"proxymap_service_name", "proxymap"},
    {"proxywrite_service_name", "proxywrite"},
    {"internal_mail_filter_classes", ""},
    {"multi_instance_wrapper", ""},
    {"default_delivery_status_filter", ""},
    {"smtputf8_autodetect_classes", "sendmail, verify"},
    {"message_drop_headers", "bcc, content-length, resent-bcc, return-path"},
    {"info_log_address_format", "external"},
    {"default_process_limit", "100"},
    {"max_use", "100", Kind::number},
    {"dont_remove", "0"},
    {"line_length_limit", "2048"},
    {"hash_queue_depth", "1"},
    {"fork_attempts", "5"},
    {"deliver_lock_attempts", "20"},
    {"debug_peer_level", "2"},
    {"fault_injection_code", "0"},
    {"berkeley_db_create_buffer_size", "16777216"},
    {"berkeley_db_read_buffer_size", "131072"},
    {"header_size_limit", "102400"},
    {"header_address_token_limit", "10240"},
    {"mime_nesting_limit", "100"},
    {"mime_boundary_length_limit", "2048"},
    {"delay_logging_resolution_limit", "2"},
    {"tcp_windowsize", "0"},
    {"message_size_limit", "10240000"},
    {"lmdb_map_size", "16777216"},
    {"disable_dns_lookups", "no"},
    {"soft_bounce", "no"},
    {"owner_request_special", "yes"},
    {"strict_8bitmime", "no"},
    {"strict_7bit_headers", "no"},
    {"strict_8bitmime_body", "no"},
    {"strict_mime_encoding_domain", "no"},
    {"disable_mime_input_processing", "no"},
    {"disable_mime_output_conversion", "no"},
    {"address_verify_negative_cache", "yes"},
    {"backwards_bounce_logfile_compatibility", "yes"},
    {"helpful_warnings", "yes"},
    {"send_cyrus_sasl_authzid", "no"},
    {"multi_instance_enable", "no"},
    {"enable_long_queue_ids", "no"},
    {"strict_smtputf8", "no"},
    {"enable_original_recipient", "yes"},
    {"application_event_drain_time", "100s"},
    {"max_idle", "100s", Kind::time},
    {"ipc_timeout", "3600s", Kind::time},
    {"ipc_idle", "5s"},
    {"ipc_ttl", "1000s"},
    {"trigger_timeout", "10s"},
    {"fork_delay", "1s"},
    {"deliver_lock_delay", "1s"},
    {"stale_lock_time", "500s"},
    {"daemon_timeout", "18000s", Kind::time},
    {"in_flow_delay", "1s"},
});

constexpr auto kOfCache = std::to_array<Default>({
    {"connection_cache_ttl_limit", "2s", Kind::time},
    {"connection_cache_status_update_time", "600s", Kind::time},
    // Unknown to Postfix.
    {"connection_cache_goodbye", "yes", Kind::boolean},
});

}  // namespace

std::span<const Default> defaults_before_host_name() {
  return kBeforeHostName;
}
std::span<const Default> defaults_after_host_name() {
  return kAfterHostName;
}
std::span<const Default> defaults_of_cache() {
  return kOfCache;
}

const Default* find_default(std::string_view name) {
  for (const auto group :
       {defaults_before_host_name(), defaults_after_host_name(), defaults_of_cache()}) {
    const auto found = std::ranges::find(group, name, &Default::name);
    if (found != group.end()) return &*found;
  }
  return nullptr;
}

}  // namespace scache::main_cf
