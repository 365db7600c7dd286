using System.Net;
using System.Net.Sockets;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Protocols.Acme.Validation.Egress;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>
/// One GET over one connection that the gate made: no proxy, no cookies, no credentials, no redirects of its own, no second look-up of the name, and
/// never more read than the options say.
/// </summary>
internal static class HttpFetch
{
    public static async ValueTask<HttpAnswer> GetAsync(EgressGate gate, Uri url, CancellationToken cancellationToken)
    {
        switch (await gate.ConnectAsync(url.IdnHost, url.Port, cancellationToken))
        {
            case EgressConnection.Failed(var error, var detail):
                return new HttpAnswer.Failed(error, detail);
            case EgressConnection.Connected(var socket, var endPoint):
                using (socket)
                {
                    return await GetAsync(gate.Options, url, socket, endPoint, cancellationToken);
                }

            default:
                throw new InvalidOperationException("a connection is there or failed");
        }
    }

    private static async Task<HttpAnswer> GetAsync(EgressOptions options, Uri url, Socket socket, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        using var invoker = new HttpMessageInvoker(Handler(options, socket));
        using var request = new HttpRequestMessage(HttpMethod.Get, url) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.ConnectionClose = true;
        request.Headers.TryAddWithoutValidation("User-Agent", "AgentPki (ACME validation)");
        request.Headers.TryAddWithoutValidation("Accept", "*/*");
        try
        {
            using var response = await invoker.SendAsync(request, cancellationToken);
            if ((int)response.StatusCode is 301 or 302 or 303 or 307 or 308)
            {
                return new HttpAnswer.Redirect(response.Headers.TryGetValues("Location", out var locations) ? string.Join(", ", locations) : "", endPoint);
            }

            var (body, overflow) = await ReadAsync(response.Content, options.BodyOctets, cancellationToken);
            return new HttpAnswer.Complete(response.StatusCode, body, overflow, endPoint);
        }
        catch (HttpRequestException exception)
        {
            // The outer exception of a broken read knows less than the inner one.
            return Explain(exception.InnerException is HttpIOException inner ? inner.HttpRequestError : exception.HttpRequestError, exception, endPoint);
        }
        catch (HttpIOException exception)
        {
            return Explain(exception.HttpRequestError, exception, endPoint);
        }
        catch (IOException exception)
        {
            return Explain(HttpRequestError.Unknown, exception, endPoint);
        }
    }

    private static SocketsHttpHandler Handler(EgressOptions options, Socket socket)
    {
        var taken = false;
        return new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = options.HeaderKibibytes,
            MaxResponseDrainSize = 0,
            ActivityHeadersPropagator = null,
            SslOptions = ValidationTls.Options(targetHost: null),
            ConnectCallback = (_, _) =>
            {
                // Asked a second time: the server closed the first connection, and the handler would try anew.
                if (taken)
                {
                    throw new HttpIOException(HttpRequestError.ResponseEnded);
                }

                taken = true;
                // The stream owns the socket: that is how the handler ends a read that is cancelled.
                return ValueTask.FromResult<Stream>(new NetworkStream(socket, ownsSocket: true));
            },
        };
    }

    private static async ValueTask<(byte[] Body, bool Overflow)> ReadAsync(HttpContent content, int limit, CancellationToken cancellationToken)
    {
        var buffer = new byte[limit + 1];
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return (buffer[..Math.Min(length, limit)], length > limit);
    }

    private static HttpAnswer.Failed Explain(HttpRequestError error, Exception exception, IPEndPoint endPoint) => error switch
    {
        HttpRequestError.SecureConnectionError => new HttpAnswer.Failed(AcmeErrorType.Tls, $"the TLS handshake with {endPoint} failed: {ValidationTls.Reason(exception)}"),
        HttpRequestError.InvalidResponse => new HttpAnswer.Failed(AcmeErrorType.IncorrectResponse, $"what {endPoint} sent is no HTTP response"),
        HttpRequestError.ConfigurationLimitExceeded => new HttpAnswer.Failed(AcmeErrorType.IncorrectResponse, $"the response headers of {endPoint} are larger than what is read"),
        HttpRequestError.ResponseEnded => new HttpAnswer.Failed(AcmeErrorType.Connection, $"{endPoint} closed the connection before its response was whole"),
        _ => new HttpAnswer.Failed(AcmeErrorType.Connection, $"the connection to {endPoint} broke: {ValidationTls.Reason(exception)}"),
    };
}
