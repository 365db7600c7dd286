using System.Diagnostics.CodeAnalysis;
using AgentPki.Client.Verification;
using AgentPki.Cryptography;
using AgentPki.Ledger;
using AgentPki.X509;
using AgentPki.X509.AgentPolicies;
using AgentPki.X509.Certificates;
using AgentPki.X509.Delegation;

namespace AgentPki.Client.Delegation;

/// <summary>What a bundle of grants shows.</summary>
public abstract record DelegationResult
{
    private DelegationResult()
    {
    }

    /// <param name="Policy">The agent's own, within all of its ancestors'.</param>
    /// <param name="Ancestors">From its parent to the agent that is nobody's child; empty when it is that itself.</param>
    public sealed record Valid(AgentPolicy Policy, IReadOnlyList<Ancestor> Ancestors) : DelegationResult;

    /// <param name="Generation">How far up the link is that does not hold: 0 is the agent itself.</param>
    /// <param name="Reason">What does not hold.</param>
    public sealed record Invalid(int Generation, string Reason) : DelegationResult;
}

/// <summary>An agent above another.</summary>
/// <param name="Certificate">The one with which it granted: it may have ended since.</param>
/// <param name="LedgerIndex">Where the grant stands in the ledger; null: it was not asked for.</param>
public sealed record Ancestor(Certificate Certificate, AgentPolicy Policy, SignedGrant Grant, long? LedgerIndex);

/// <summary>
/// Walks the chain of grants above an agent, with no appliance at hand: each was signed by its parent when that had a good certificate, each child has less than its parent, each link names the one above.
/// </summary>
/// <remarks>
/// It says nothing of revocation since: whether an agent or one of its ancestors is revoked now is the feed's to say (<c>RevocationView</c>; an appliance revokes descendants with their ancestors).
/// </remarks>
/// <param name="anchors">Trust anchors, obtained out of band.</param>
/// <param name="ledger">Demands that each grant stands in the ledger, and was recorded while the parent's certificate was valid; null: the parents' own clocks are believed.</param>
/// <param name="policyOid">The extension's object identifier here.</param>
public sealed class DelegationVerifier(IReadOnlyList<Certificate> anchors, CryptoProviders providers, TimeProvider clock, InclusionVerifier? ledger = null, string policyOid = AgentPolicyDer.DefaultOid)
{
    /// <summary>How far a parent's clock may be ahead.</summary>
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Verifies an agent's certificate, now, and all that is above it, when it was granted.</summary>
    /// <param name="certificate">The agent's certificate; that whoever shows it holds its key is the protocol's to show.</param>
    /// <param name="bundle">What came with it; null or empty for an agent that is nobody's child.</param>
    public DelegationResult Verify(Certificate certificate, GrantBundle? bundle)
    {
        if (CertificateChain.Validate(certificate, bundle?.Intermediates ?? [], anchors, new ChainOptions(clock.GetUtcNow()) { Understood = policyOid }, providers) is ChainResult.Invalid path)
        {
            return new DelegationResult.Invalid(0, $"the certificate: {path.Detail}");
        }

        if (!TryReadPolicy(certificate, out var policy, out var error))
        {
            return new DelegationResult.Invalid(0, error);
        }

        var (own, child, childPolicy) = (policy, certificate, policy);
        var ancestors = new List<Ancestor>();
        foreach (var link in bundle?.Links ?? [])
        {
            if (WhyNotLink(link, child, childPolicy, bundle?.Intermediates ?? [], out var ancestor) is { } why)
            {
                return new DelegationResult.Invalid(ancestors.Count, why);
            }

            ancestors.Add(ancestor);
            (child, childPolicy) = (ancestor.Certificate, ancestor.Policy);
        }

        return childPolicy.Parent is { } missing
            ? new DelegationResult.Invalid(ancestors.Count, $"it is a child of {missing.Agent}, and the bundle has no grant of that")
            : new DelegationResult.Valid(own, ancestors);
    }

    // Null, or what does not hold; null has the ancestor with it.
    private string? WhyNotLink(GrantLink link, Certificate child, AgentPolicy childPolicy, IReadOnlyList<Certificate> intermediates, out Ancestor ancestor)
    {
        ancestor = new Ancestor(link.Signer, AgentPolicy.Nothing, link.Grant, null);
        var statement = link.Grant.Statement;

        // 1. The child's certificate names this grant, and the grant this child.
        if (childPolicy.Parent is not { } parent)
        {
            return "it is nobody's child, and the bundle has one more grant";
        }

        if (!parent.Grant.Span.SequenceEqual(link.Grant.Digest()) || parent.Agent != statement.Parent || child.SpiffeId != statement.Child)
        {
            return "its certificate names another grant than the bundle has here";
        }

        // 2. The parent signed it, with a certificate that was good then.
        if (link.Grant.WhyNotBy(link.Signer, providers) is { } notSigned)
        {
            return notSigned;
        }

        if (WhyNotThen(link, intermediates, out var index) is { } notThen)
        {
            return notThen;
        }

        // 3. The certificate says what was granted or less, and what was granted is less than what the parent's says.
        if (!TryReadPolicy(link.Signer, out var policy, out var error))
        {
            return $"the parent's {error}";
        }

        ancestor = ancestor with { Policy = policy, LedgerIndex = index };
        return childPolicy.WhyNotWithin(statement.Policy) is { } wider ? $"its certificate has more than was granted: {wider}"
            : statement.Policy.WhyNotDelegable(policy) is { } notLess ? $"the grant is not within the parent's policy: {notLess}"
            // 4. The parent's own grant is the next link.
            : !Same(statement.ParentGrant, policy.Parent?.Grant) ? "the grant names another grant above it than the parent's certificate does"
            : null;
    }

    private string? WhyNotThen(GrantLink link, IReadOnlyList<Certificate> intermediates, out long? index)
    {
        index = null;
        var time = link.Grant.Statement.IssuedAt;
        if (time > clock.GetUtcNow() + Skew)
        {
            return "the grant is of a time that has not come";
        }

        if (ledger is not null)
        {
            if (link.Proof is not { } text || !InclusionProof.TryParse(text, out var proof, out _))
            {
                return "the bundle has no proof that the grant stands in the ledger";
            }

            var shown = ledger.Verify(proof);
            if (shown is not InclusionResult.Included included)
            {
                return $"the grant is not in the ledger: {(shown as InclusionResult.NotShown)?.Reason}";
            }

            var facts = proof.Record.Details?.Facts;
            if (proof.Record.Leaf.Kind != LedgerEntryKind.DelegationGranted || facts?.GetValueOrDefault(LedgerFacts.GrantSha256) != Convert.ToHexStringLower(link.Grant.Digest()))
            {
                return "the ledger's entry is of something else";
            }

            // When it was recorded, not when the parent says: a stolen key of an ended certificate grants nothing.
            (time, index) = (proof.Record.Leaf.Time, included.Index);
        }

        return CertificateChain.Validate(link.Signer, intermediates, anchors, new ChainOptions(time) { Understood = policyOid }, providers) is ChainResult.Invalid path ? $"the parent's certificate, when it granted: {path.Detail}" : null;
    }

    private bool TryReadPolicy(Certificate certificate, [NotNullWhen(true)] out AgentPolicy? policy, [NotNullWhen(false)] out string? error)
    {
        (policy, error) = (null, null);
        if (certificate.FindExtension(policyOid) is not { } extension)
        {
            error = "certificate carries no agent policy";
            return false;
        }

        try
        {
            policy = AgentPolicyDer.Parse(extension.Value);
            return true;
        }
        catch (MalformedDataException malformed)
        {
            error = $"certificate's agent policy cannot be read: {malformed.Message}";
            return false;
        }
    }

    private static bool Same(ReadOnlyMemory<byte>? one, ReadOnlyMemory<byte>? other) => one is { } a && other is { } b ? a.Span.SequenceEqual(b.Span) : one is null && other is null;
}
