/* What a call of spdlog's async logger costs its caller: the same sample, as a line of a file. */
#include <memory>

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include "burst.h"

static void log_sample(void *user)
{
    static_cast<spdlog::logger *>(user)->info("latency {}", 1.5);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "peer_spdlog: give an empty folder\n");
        return 1;
    }
    spdlog::init_thread_pool(65536, 1); /* a burst never finds it full */
    auto logger = spdlog::basic_logger_mt<spdlog::async_factory>("bench", std::string(argv[1]) + "/spdlog.log");
    burst_measure("spdlog async logger", log_sample, logger.get());
    spdlog::shutdown();
    return 0;
}
