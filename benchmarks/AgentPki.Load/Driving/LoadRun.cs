using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Authentication;
using AgentPki.Load.Http;
using AgentPki.Load.Reporting;

namespace AgentPki.Load.Driving;

/// <summary>Drives conversations, one thread each, through warm-up and measurement.</summary>
internal sealed class LoadRun(RunPlan plan, ServerProcess? server)
{
    private volatile bool _measuring;
    private volatile bool _stop;
    private long _tickets = plan.Count;
    private int _talking;

    internal Measurement Execute(IReadOnlyList<Conversation> conversations, CancellationToken cancellationToken)
    {
        var tallies = new Tally[conversations.Count];
        var threads = new Thread[conversations.Count];
        for (int i = 0; i < threads.Length; i++)
        {
            Tally tally = tallies[i] = new Tally();
            Conversation conversation = conversations[i];
            threads[i] = new Thread(() => Converse(conversation, tally), 512 * 1024) { IsBackground = true, Name = $"load-{i}" };
        }

        _talking = threads.Length;
        Array.ForEach(threads, t => t.Start());
        cancellationToken.WaitHandle.WaitOne(plan.WarmUp);

        ProcessCost? before = server?.Sample();
        using var self = Process.GetCurrentProcess();
        TimeSpan ownBefore = self.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        _measuring = true;
        while (!_stop && Volatile.Read(ref _talking) > 0 && !cancellationToken.IsCancellationRequested && Stopwatch.GetElapsedTime(start) < plan.Duration)
            cancellationToken.WaitHandle.WaitOne(10);
        _measuring = false;
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        self.Refresh();
        TimeSpan ownCost = self.TotalProcessorTime - ownBefore;
        ProcessCost? after = server?.Sample();
        _stop = true;
        Array.ForEach(threads, t => t.Join(TimeSpan.FromSeconds(35)));
        return Measurement.From(tallies, elapsed, ownCost, before, after);
    }

    private void Converse(Conversation conversation, Tally tally)
    {
        HttpConnection? connection = null;
        bool measured = false, complete = true;
        long start = 0;
        try
        {
            while (!_stop)
            {
                measured = complete ? _measuring : measured;
                if (complete && measured && Interlocked.Decrement(ref _tickets) < 0)
                {
                    _stop = true;
                    break;
                }

                ReadOnlyMemory<byte> request = conversation.Next();
                start = complete ? Stopwatch.GetTimestamp() : start;
                string? fault = Exchange(conversation, request.Span, ref connection, measured, out int status);
                complete = conversation.IsComplete || fault is not null;
                if (!complete)
                    continue;
                TimeSpan latency = Stopwatch.GetElapsedTime(start);
                // What ends after the end counts for nothing: its cost is outside the sampled interval.
                if (measured && _measuring)
                    tally.Add(latency, status, fault);
                else if (fault is not null)
                    tally.AddOutside(fault);
                // A server that answers only with faults is not to be hammered as fast as it can refuse.
                if (fault is not null && tally.ConsecutiveFaults > 100)
                    break;
            }
        }
        finally
        {
            connection?.Dispose();
            Interlocked.Decrement(ref _talking);
        }
    }

    private string? Exchange(Conversation conversation, ReadOnlySpan<byte> request, ref HttpConnection? connection, bool measured, out int status)
    {
        status = 0;
        try
        {
            connection ??= conversation.Open();
            HttpAnswer answer = connection.Exchange(request);
            status = answer.Status;
            string? fault = conversation.Examine(answer, measured);
            if (answer.Closes || plan.NewConnectionEachTime)
                Close(ref connection);
            return fault;
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or InvalidDataException)
        {
            Close(ref connection);
            return e is AuthenticationException ? "TLS handshake failed" : $"connection: {e.GetType().Name}";
        }
    }

    private static void Close(ref HttpConnection? connection)
    {
        connection?.Dispose();
        connection = null;
    }
}
