using AgentPki.Server.Cli;
using AgentPki.X509.Certificates;

namespace AgentPki.Server.Home;

/// <summary>CAs of others, as an operator put them into <c>anchors/related.pem</c>: their certificates may be named as related ones (RFC 9763 §3.2).</summary>
public static class RelatedAuthorities
{
    /// <summary>Empty when there is no such file.</summary>
    /// <exception cref="CommandException">The file is there and is not certificates.</exception>
    public static IReadOnlyList<Certificate> Load(ApplianceHome home) =>
        !File.Exists(home.RelatedAuthorities) ? [] : Pem.TryReadCertificates(home.RelatedAuthorities)
            ?? throw new CommandException(ExitCodes.Usage, $"{home.RelatedAuthorities} holds no certificates in PEM, or a damaged one.", "Put the CA certificates into it whose certificates may be named as related ones (RFC 9763), or remove it.");
}
