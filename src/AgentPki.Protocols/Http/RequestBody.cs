using System.Buffers;
using System.IO.Pipelines;
using AgentPki.Authority.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AgentPki.Protocols.Http;

/// <summary>
/// A whole request body, read once and still lying in the server's own buffers: <see cref="Release"/> gives these back, after which
/// <see cref="Octets"/> must not be touched.
/// </summary>
internal readonly struct RequestBody
{
    private readonly PipeReader? _reader;

    private RequestBody(PipeReader reader, ReadOnlySequence<byte> octets) => (_reader, Octets) = (reader, octets);

    private RequestBody(PkiProblem problem) => Problem = problem;

    public ReadOnlySequence<byte> Octets { get; }

    /// <summary>Why there is no body; null when there is one (it may be empty).</summary>
    public PkiProblem? Problem { get; }

    /// <summary>Reads a body of at most <paramref name="limit"/> octets within <paramref name="deadline"/>.</summary>
    public static ValueTask<RequestBody> ReadAsync(HttpContext context, int limit, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        // Refused before the first octet is read (and before "100 Continue" asks for it).
        if (context.Request.ContentLength > limit)
        {
            return new(new RequestBody(TooLarge(limit)));
        }

        if (context.Request.Headers.ContentEncoding is { Count: > 0 } coding && !coding.ToString().Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            return new(new RequestBody(new PkiProblem(PkiProblemKind.UnsupportedMediaType, "A Content-Encoding is not taken here: send the body as it is.")));
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } feature)
        {
            feature.MaxRequestBodySize = null; // this method's limit holds instead, and answers in the protocol's own words
        }

        // The usual body came with its headers and is complete at once: no timer, no state machine.
        var reader = context.Request.BodyReader;
        if (TryRead(reader, out var read))
        {
            if (read.IsCompleted || read.Buffer.Length > limit)
            {
                return new(Complete(reader, read.Buffer, limit));
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }

        return ReadSlowAsync(reader, limit, deadline, time, cancellationToken);
    }

    private static bool TryRead(PipeReader reader, out ReadResult read)
    {
        try
        {
            return reader.TryRead(out read);
        }
        catch (IOException error) when (error is not BadHttpRequestException)
        {
            throw Unreadable(error);
        }
    }

    public void Release() => _reader?.AdvanceTo(Octets.End);

    private static async ValueTask<RequestBody> ReadSlowAsync(
        PipeReader reader, int limit, TimeSpan deadline, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(deadline, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(both.Token);
                if (read.IsCompleted || read.Buffer.Length > limit)
                {
                    return Complete(reader, read.Buffer, limit);
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new BadHttpRequestException($"The body did not arrive within {deadline.TotalSeconds:0} seconds.", StatusCodes.Status408RequestTimeout);
        }
        catch (IOException error) when (error is not BadHttpRequestException)
        {
            throw Unreadable(error);
        }
    }

    private static RequestBody Complete(PipeReader reader, ReadOnlySequence<byte> octets, int limit)
    {
        if (octets.Length <= limit)
        {
            return new RequestBody(reader, octets);
        }

        reader.AdvanceTo(octets.End);
        return new RequestBody(TooLarge(limit));
    }

    // Kestrel throws a plain IOException for a chunk size beyond 2^31: the client's fault all the same.
    private static BadHttpRequestException Unreadable(IOException error) => new("The body could not be read.", StatusCodes.Status400BadRequest, error);

    private static PkiProblem TooLarge(int limit) => new(PkiProblemKind.TooLarge, $"The body is larger than the {limit} octets that this operation takes.");
}
