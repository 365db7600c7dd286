using AgentPki.Server.Configuration;
using AgentPki.Server.Home;

namespace AgentPki.Server.Logging;

/// <summary>Where a process logs: <c>up</c> into the home, a service to standard error.</summary>
public static class LoggerSetup
{
    public static ILoggerFactory ToFile(ApplianceHome home, LogOptions options, TimeProvider clock) =>
        Create(options, new JsonLineLoggerProvider(new RotatingFileSink(home.LogFile, options.MegabytesPerFile * 1024L * 1024L, options.Files, clock), clock));

    public static ILoggerFactory ToStandardError(LogOptions options, TimeProvider clock) => Create(options, new JsonLineLoggerProvider(new StandardErrorSink(), clock));

    private static ILoggerFactory Create(LogOptions options, ILoggerProvider provider) => LoggerFactory.Create(logging =>
    {
        logging.SetMinimumLevel(options.Level);
        // The frameworks say at these levels what each request says again.
        logging.AddFilter("Microsoft", options.Level > LogLevel.Warning ? options.Level : LogLevel.Warning);
        logging.AddFilter("Yarp", options.Level > LogLevel.Warning ? options.Level : LogLevel.Warning);
        logging.AddProvider(provider);
    });
}
