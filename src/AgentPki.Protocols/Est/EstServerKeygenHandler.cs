using System.Diagnostics;
using System.Security.Cryptography;
using AgentPki.Authority.Cms;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Cryptography;
using AgentPki.X509;
using AgentPki.X509.Certificates;
using AgentPki.X509.Cms;

namespace AgentPki.Protocols.Est;

/// <summary>
/// Server-side key generation (RFC 7030 §4.4). How the key shall travel is decided before anything is made: a client that asks for an encrypted key
/// gets one or a refusal, never a cleartext key.
/// </summary>
internal sealed class EstServerKeygenHandler(EstServices services)
{
    public async Task HandleAsync(EstExchange exchange)
    {
        var (request, problem) = await EstPkcs10.ReadAsync(exchange);
        if (request is null)
        {
            await exchange.RefuseAsync(problem!, EnrollmentKind.ServerKeygen);
            return;
        }

        var delivery = KeyDelivery.For(request, exchange.Client.IssuedHere ? exchange.Client.Certificate : null);
        if (delivery is KeyDelivery.Impossible(var why))
        {
            await exchange.RefuseAsync(why, EnrollmentKind.ServerKeygen);
            return;
        }

        if (delivery is KeyDelivery.Encrypted { Recipient.PublicKey.Algorithm: { CanEncapsulate: true } kem } && services.Providers.ForEncapsulation(kem, KeyCapabilities.Encapsulate) is null)
        {
            await exchange.RefuseAsync(new PkiProblem(PkiProblemKind.UnsupportedAlgorithm, $"this appliance has nothing that encapsulates to {kem} keys; 'agentpki algorithms' lists what it has"), EnrollmentKind.ServerKeygen);
            return;
        }

        // Before anything is made: without a signer there can be no envelope either.
        var signer = delivery is KeyDelivery.Encrypted ? await services.CmsSigner(exchange.Context.RequestAborted) : null;
        if (delivery is KeyDelivery.Encrypted && signer is null)
        {
            await exchange.RefuseAsync(new PkiProblem(PkiProblemKind.PolicyViolation, "this appliance has no CMS signer (no profile 'use: cms-signer'), so keys are delivered inside of TLS only"), EnrollmentKind.ServerKeygen);
            return;
        }

        switch (await services.Enroll(exchange.Request(request, EnrollmentKind.ServerKeygen), exchange.Context.RequestAborted))
        {
            case EnrollmentOutcome.Issued { PrivateKeyPkcs8: { } key } issued:
                Log.Issued(services.Logger, exchange.CorrelationId, exchange.Operation, issued.Certificate.SerialHex);
                await SendAsync(exchange, delivery, signer, key, issued.Certificate);
                break;
            case EnrollmentOutcome.Issued:
                throw new UnreachableException("A certificate was issued without the private key that was asked for.");
            case EnrollmentOutcome.Pending pending:
                Log.Pending(services.Logger, exchange.CorrelationId, exchange.Operation, pending.ApprovalId);
                await EstAnswer.WritePendingAsync(exchange.Context, pending.RetryAfter);
                break;
            case EnrollmentOutcome.Rejected rejected:
                await exchange.AnswerAsync(rejected.Problem);
                break;
        }
    }

    private async Task SendAsync(EstExchange exchange, KeyDelivery delivery, CmsSigner? signer, byte[] key, Certificate certificate)
    {
        try
        {
            if (delivery is KeyDelivery.Encrypted encrypted && signer is not null)
            {
                var envelope = await SealAsync(key, signer, encrypted, exchange.Context.RequestAborted);
                await EstAnswer.WriteKeyAsync(exchange.Context, envelope, EstMediaTypes.ServerGeneratedKey, certificate);
            }
            else
            {
                await EstAnswer.WriteKeyAsync(exchange.Context, key, EstMediaTypes.Pkcs8, certificate);
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key); // kept nowhere else
        }
    }

    /// <summary>RFC 7030 §4.4.2: AsymmetricKeyPackage in a SignedData of the party that made the key, in an EnvelopedData.</summary>
    private async ValueTask<byte[]> SealAsync(byte[] key, CmsSigner signer, KeyDelivery.Encrypted delivery, CancellationToken cancellationToken)
    {
        var package = AsymmetricKeyPackage.Encode(key);
        var signed = Array.Empty<byte>();
        try
        {
            signed = await signer.SignKeyPackageAsync(package, cancellationToken);
            return await EnvelopedData.EncryptAsync(Oids.CmsSignedData, signed, delivery.Encryption, [delivery.Recipient], services.Providers, cancellationToken);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(package);
            CryptographicOperations.ZeroMemory(signed);
        }
    }
}
