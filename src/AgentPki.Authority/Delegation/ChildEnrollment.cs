using AgentPki.Agents;
using AgentPki.Authority.Enrollment;
using AgentPki.Authority.Problems;
using AgentPki.Authority.Store;
using AgentPki.Cryptography;
using AgentPki.Cryptography.Jose;
using AgentPki.X509.Delegation;
using AgentPki.X509.Names;
using AgentPki.X509.Requests;

namespace AgentPki.Authority.Delegation;

/// <summary>The rule by which a parent enrols its child: with the grant that the child's policy names, once, and over the key that the grant names if it names one.</summary>
internal sealed class ChildEnrollment(IAgentStore agents, IGrantStore grants)
{
    /// <summary>The child that the request is for, if the requester is its parent; null: the request is for somebody else.</summary>
    public async ValueTask<AgentRecord?> FindChildAsync(Pkcs10Request csr, AuthenticatedRequester who, CancellationToken cancellationToken)
    {
        if (who is not AuthenticatedRequester.ByCertificate by || csr.SubjectAlternativeNames.OfType<GeneralName.Uri>().FirstOrDefault(u => SpiffeId.HasScheme(u.Value)) is not { Value: var asked } || asked == by.Agent.Id)
        {
            return null;
        }

        return await agents.FindAsync(asked, cancellationToken) is { } child && child.Parent == by.Agent.Id ? child : null;
    }

    /// <summary>Null with the grant that is used up by it, or why not.</summary>
    public async ValueTask<(byte[]? Grant, PkiProblem? Problem)> CheckAsync(AgentRecord child, PublicKey key, CancellationToken cancellationToken)
    {
        if (child.Registration.ReadPolicy()?.Parent is not { } parent || await grants.FindGrantAsync(parent.Grant, cancellationToken) is not { } record || !SignedGrant.TryParse(record.Text, out var grant, out _))
        {
            return (null, new PkiProblem(PkiProblemKind.Unauthorized, "the name belongs to an agent that exists already; a parent enrols a child that it has granted something"));
        }

        if (record.IsUsed)
        {
            return (null, new PkiProblem(PkiProblemKind.Unauthorized, "the child has its first certificate and renews it itself; if it lost its key, grant it again"));
        }

        if (grant.Statement.KeyThumbprint is { } thumbprint && (!Jwk.HasForm(key.Algorithm) || Jwk.Of(key).Thumbprint() != System.Buffers.Text.Base64Url.EncodeToString(thumbprint.Span)))
        {
            return (null, new PkiProblem(PkiProblemKind.BadPublicKey, "the grant names another key for the child (cnf.jkt)"));
        }

        return (record.Digest, null);
    }

    /// <summary>Why an agent does not simply spawn another; null: it may, as far as this goes. What has limits itself makes nobody without.</summary>
    public static PkiProblem? WhyNotSpawn(AuthenticatedRequester.ByCertificate by) =>
        by.Agent.Registration.Policy is null ? null : new PkiProblem(PkiProblemKind.Unauthorized, "an agent with a policy has children by grants alone: POST the grant first (docs/delegation.md)");
}
