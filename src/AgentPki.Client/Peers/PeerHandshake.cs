using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace AgentPki.Client.Peers;

/// <summary>One handshake: the callback's part, which may not wait, and the rest.</summary>
/// <param name="checkName">Whether the platform's look at the name counts (RFC 9525).</param>
internal sealed class PeerHandshake(PeerGate gate, PeerDemand demand, bool checkName)
{
    private ReadOnlyMemory<byte> _certificate;
    private IReadOnlyList<ReadOnlyMemory<byte>> _sent = [];
    private PeerRefusal? _refusal = new(RefusalKind.NoCertificate, "The peer showed no certificate.");

    public bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null)
        {
            return false;
        }

        (_certificate, _sent) = (certificate.GetRawCertData(), PeerTls.SentAlong(chain));
        _refusal = checkName && (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0
            ? new PeerRefusal(RefusalKind.WrongName, "The server's certificate is not for the name that was asked for.")
            : gate.Judge(_certificate, _sent, demand);
        return _refusal is null;
    }

    /// <exception cref="PeerRefusedException">The peer is not let in.</exception>
    public async Task<Peer> RunAsync(SslStream stream, Func<Task> authenticate, Action cut, CancellationToken cancellationToken)
    {
        try
        {
            await AuthenticateAsync(authenticate);
            return await gate.AdmitAsync(_certificate, _sent, demand, cut, cancellationToken) switch
            {
                Admission.Admitted admitted => admitted.Peer,
                Admission.Refused refused => throw new PeerRefusedException(refused.Refusal),
                _ => throw new InvalidOperationException("An admission is neither."),
            };
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private async Task AuthenticateAsync(Func<Task> authenticate)
    {
        try
        {
            await authenticate();
        }
        catch (AuthenticationException failure) when (_refusal is { } refusal)
        {
            throw new PeerRefusedException(refusal, failure);
        }
    }
}
