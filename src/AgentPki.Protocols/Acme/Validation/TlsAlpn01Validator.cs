using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using AgentPki.Authority.Acme.Validation;
using AgentPki.Cryptography;
using AgentPki.Protocols.Acme.Validation.Egress;

namespace AgentPki.Protocols.Acme.Validation;

/// <summary>
/// tls-alpn-01 (RFC 8737; for addresses RFC 8738 §6): the host's TLS server, asked for the protocol <c>acme-tls/1</c>, shows a certificate made for this.
/// </summary>
internal sealed class TlsAlpn01Validator(EgressGate gate, CryptoProviders providers) : IChallengeValidator
{
    private const int Port = 443;

    private static readonly SslApplicationProtocol Protocol = new("acme-tls/1");

    public string Type => ChallengeTypes.TlsAlpn01;

    // RFC 8737 §3: not for wildcards.
    public bool Handles(AcmeIdentifier identifier, bool wildcard) => !wildcard && identifier.Type is AcmeIdentifierTypes.Dns or AcmeIdentifierTypes.Ip;

    public async ValueTask<ValidationResult> ValidateAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        using var deadline = gate.Deadline(cancellationToken);
        try
        {
            switch (await gate.ConnectAsync(request.Identifier.Value, Port, deadline.Token))
            {
                case EgressConnection.Failed(var error, var detail):
                    return new ValidationResult.Invalid(error, $"tls-alpn-01 for {request.Identifier.Value}: {detail}.");
                case EgressConnection.Connected(var socket, var endPoint):
                    using (socket)
                    {
                        return await HandshakeAsync(request, socket, endPoint.ToString(), deadline.Token);
                    }

                default:
                    throw new InvalidOperationException("a connection is there or failed");
            }
        }
        catch (OperationCanceledException) when (deadline.HasPassed)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Connection, $"tls-alpn-01 for {request.Identifier.Value} did not end {deadline.Within}.");
        }
    }

    private async Task<ValidationResult> HandshakeAsync(ValidationRequest request, Socket socket, string from, CancellationToken cancellationToken)
    {
        // RFC 8737 §3: the domain name and nothing else as SNI; RFC 8738 §6: for an address its name in the reverse zone.
        var serverName = request.Identifier.Address is { } address ? ReverseNames.Of(address) : request.Identifier.Value;
        await using var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var options = ValidationTls.Options(serverName);
        options.ApplicationProtocols = [Protocol];
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
        }
        catch (Exception exception) when (exception is AuthenticationException or IOException)
        {
            return new ValidationResult.Invalid(
                AcmeErrorType.Tls, $"The TLS handshake with {from}, for the server name {serverName} and the protocol acme-tls/1, failed: {ValidationTls.Reason(exception)}.");
        }

        if (tls.NegotiatedApplicationProtocol != Protocol)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Tls, $"The TLS server {from} was asked for the protocol acme-tls/1 (ALPN) with the server name {serverName} and did not select it.");
        }

        if (tls.RemoteCertificate is not { } certificate)
        {
            return new ValidationResult.Invalid(AcmeErrorType.Tls, $"The TLS server {from} showed no certificate for {serverName}.");
        }

        return AcmeTlsCertificate.Check(certificate.GetRawCertData(), request, providers) is { } wrong
            ? new ValidationResult.Invalid(AcmeErrorType.IncorrectResponse, $"The certificate that the TLS server {from} shows for {serverName} by acme-tls/1 {wrong}.")
            : new ValidationResult.Valid($"tls-alpn-01: {from} shows the challenge's certificate for {serverName}");
    }
}
