using System.Security.Cryptography;
using AgentPki.Authority.Profiles;
using AgentPki.Client.Est;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Providers;
using AgentPki.Server.Cli;
using AgentPki.Server.Composition;
using AgentPki.Server.Home;
using AgentPki.X509.Certificates;
using AgentPki.X509.Names;

namespace AgentPki.Server.Up;

/// <summary>The sample agent of a development home: enrolled over the public EST endpoint like any other, its chain judged by openssl where openssl can.</summary>
public static class SampleAgent
{
    /// <summary>Its common name, and the last part of its SPIFFE ID.</summary>
    public const string Name = "sample-agent";

    /// <param name="Certificate">What it holds now.</param>
    /// <param name="IsNew">Enrolled just now; otherwise kept from an earlier start.</param>
    /// <param name="Verification">Who judged its chain, and in which words.</param>
    public sealed record State(Certificate Certificate, bool IsNew, string Verification);

    /// <summary>Enrols it unless its certificate is still good, and has its chain verified.</summary>
    /// <param name="server">The public HTTPS endpoint.</param>
    /// <param name="anchors">Those of <c>root.pem</c>: the root of agents first.</param>
    /// <exception cref="CommandException">It could not be enrolled, or openssl does not accept its chain.</exception>
    internal static async Task<State> EnsureAsync(
        ApplianceHome home, Uri server, KeyKind keys, EstCredential credential, IReadOnlyList<Certificate> anchors, CommandContext context, CancellationToken cancellationToken)
    {
        var kept = Kept(home, context.Clock);
        var certificate = kept ?? await EnrollAsync(home, server, keys, credential, anchors, context.Clock, cancellationToken);
        return new State(certificate, kept is null, await ChainJudge.JudgeAsync(home, certificate, anchors[0], context, cancellationToken));
    }

    private static Certificate? Kept(ApplianceHome home, TimeProvider clock)
    {
        if (Pem.TryReadCertificates(home.SampleCertificate) is not [var certificate, ..] || Pem.TryReadKey(home.SampleKey) is not { } key)
        {
            return null;
        }

        // Of this home's issuing CA, over the kept key or keys, and good for another minute.
        return Fits(key, certificate.PublicKey) && (certificate.AlternativePublicKey is not { } second || (Pem.TryReadKey(home.SampleAlternativeKey) is { } other && Fits(other, second))) && Pem.TryReadCertificates(home.ChainCertificates) is [var issuing, ..] &&
            certificate.AuthorityKeyIdentifier.Span.SequenceEqual(issuing.SubjectKeyIdentifier.Span) && certificate.IsValidAt(clock.GetUtcNow().AddMinutes(1))
            ? certificate
            : null;
    }

    private static async Task<Certificate> EnrollAsync(
        ApplianceHome home, Uri server, KeyKind keys, EstCredential credential, IReadOnlyList<Certificate> anchors, TimeProvider clock, CancellationToken cancellationToken)
    {
        using var client = new EstClient(new EstClientOptions(server, anchors, Credential: credential), clock);
        EstEnrolledKey enrolled;
        try
        {
            // It asks which kind of key its profile wants, like any client that knows RFC 9908.
            enrolled = await new EstEnroller(client, ProviderList.SoftwareOnly, keys.Key)
                .EnrollAsync(X500Name.Create((X509.Oids.CommonName, Name)), [new GeneralName.Dns($"{Name}.localhost")], null, cancellationToken);
        }
        catch (EstProtocolException e)
        {
            throw new CommandException(ExitCodes.Refused, $"The sample agent could not enrol: {e.Message}.", "Type 'agentpki doctor'; the appliance's log says more.");
        }

        await using var key = enrolled.Key;
        await using var alternative = enrolled.Alternative;
        if (enrolled.Outcome is not EstEnrollment.Issued { Certificate: var certificate } || key is not SoftwareSigningKey signing)
        {
            throw new CommandException(ExitCodes.Refused, $"The sample agent was not enrolled: {Reason(enrolled.Outcome)}.", "Type 'agentpki doctor'; the appliance's log says more.");
        }

        PrivateFile.Write(home.SampleKey, Pem.EncodeKey(signing.ExportPkcs8()));
        if (alternative is SoftwareSigningKey second)
        {
            PrivateFile.Write(home.SampleAlternativeKey, Pem.EncodeKey(second.ExportPkcs8()));
        }

        PrivateFile.Write(home.SampleCertificate, Pem.Encode(certificate));
        return certificate;
    }

    private static string Reason(EstEnrollment outcome) => outcome switch
    {
        EstEnrollment.Refused refused => $"{refused.Detail.ReplaceLineEndings(" ").TrimEnd(' ', '.')} (HTTP {refused.Status})",
        EstEnrollment.Pending => "the profile asks for a person's approval (HTTP 202)",
        _ => outcome.GetType().Name,
    };

    private static bool Fits(byte[] pkcs8, PublicKey publicKey)
    {
        try
        {
            return SoftwareKeys.ImportSigningKey(Name, KeyPurpose.Subject, pkcs8).PublicKey.Equals(publicKey);
        }
        catch (CryptographicException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pkcs8);
        }
    }
}
