using System.Globalization;

namespace AgentPki.Server.Logging;

/// <summary>A log file that starts anew when it is full and keeps a few predecessors: <c>agentpki.log</c>, <c>agentpki.log.1</c>, …</summary>
/// <remarks>Lines are buffered and written at the latest after a second, or at once when urgent.</remarks>
public sealed class RotatingFileSink : ILogSink
{
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(1);
    private readonly Lock _gate = new();
    private readonly string _path;
    private readonly long _maximumBytes;
    private readonly int _files;
    private readonly ITimer _timer;
    private FileStream? _file;
    private bool _disposed;

    /// <param name="files">How many files there are at most, the current one included.</param>
    public RotatingFileSink(string path, long maximumBytes, int files, TimeProvider clock)
    {
        (_path, _maximumBytes, _files) = (path, maximumBytes, files);
        _file = Open();
        _timer = clock.CreateTimer(_ => Flush(), null, FlushInterval, FlushInterval);
    }

    public void Write(ReadOnlySpan<byte> line, bool urgent)
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            try
            {
                _file ??= Open();
                if (_file.Position + line.Length > _maximumBytes && _file.Position > 0)
                {
                    Rotate();
                }

                _file?.Write(line);
                if (urgent)
                {
                    _file?.Flush();
                }
            }
            catch (IOException)
            {
                Abandon(); // the disk is full; the next line tries again
            }
        }
    }

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate)
        {
            _disposed = true;
            Abandon();
        }
    }

    private void Flush()
    {
        lock (_gate)
        {
            try
            {
                _file?.Flush();
            }
            catch (IOException)
            {
                Abandon();
            }
        }
    }

    private void Rotate()
    {
        _file?.Dispose();
        _file = null;
        for (var i = _files - 1; i > 0; i--)
        {
            var from = i == 1 ? _path : Numbered(i - 1);
            if (File.Exists(from))
            {
                File.Move(from, Numbered(i), overwrite: true);
            }
        }

        if (_files == 1)
        {
            File.Delete(_path);
        }

        _file = Open();
    }

    private void Abandon()
    {
        try
        {
            _file?.Dispose();
        }
        catch (IOException)
        {
            // What could not be written is lost; the service goes on.
        }

        _file = null;
    }

    private string Numbered(int number) => string.Create(CultureInfo.InvariantCulture, $"{_path}.{number}");

    private FileStream Open() => new(_path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, 16 * 1024);
}
