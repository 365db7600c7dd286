using System.Buffers;

namespace AgentPki.Server.Logging;

/// <summary>Sends every log event as a JSON line to one sink (a rotating file, or standard error under systemd).</summary>
public sealed class JsonLineLoggerProvider(ILogSink sink, TimeProvider clock) : ILoggerProvider
{
    public ILogger CreateLogger(string categoryName) => new JsonLineLogger(categoryName, sink, clock);

    public void Dispose() => sink.Dispose();

    private sealed class JsonLineLogger(string category, ILogSink sink, TimeProvider clock) : ILogger
    {
        [ThreadStatic]
        private static ArrayBufferWriter<byte>? s_buffer;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var buffer = s_buffer ??= new ArrayBufferWriter<byte>(512);
            buffer.ResetWrittenCount();
            JsonLineFormatter.Write(buffer, clock.GetUtcNow(), logLevel, category, eventId, state, exception, formatter);
            sink.Write(buffer.WrittenSpan, urgent: logLevel >= LogLevel.Warning);
        }
    }
}

/// <summary>Where log lines go.</summary>
public interface ILogSink : IDisposable
{
    /// <summary>Takes one whole line. Never throws and never blocks for long: a full disk must not stop the appliance.</summary>
    void Write(ReadOnlySpan<byte> line, bool urgent);
}
