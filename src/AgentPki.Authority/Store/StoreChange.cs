using AgentPki.Cryptography;
using System.Collections.Immutable;
using AgentPki.Agents;
using AgentPki.X509.Certificates;

namespace AgentPki.Authority.Store;

/// <summary>One change to the records, made only together with the ledger entry that explains it, if it needs explaining (<see cref="CommitRequest"/>).</summary>
/// <remarks>
/// Within a request the order of its changes does not matter where one names what another adds: authorities, agents and key bindings come first.
/// Times are kept in milliseconds.
/// </remarks>
public abstract partial record StoreChange
{
    private StoreChange()
    {
    }

    /// <summary>A new certification authority of this appliance. Conflict when the name exists.</summary>
    public sealed record AddAuthority(AuthorityRecord Authority) : StoreChange;

    /// <summary>A CA uses its key, and its second one if it has two, at another place. Conflict when there is no such CA.</summary>
    /// <param name="Alternative">Null exactly when the CA has one key.</param>
    public sealed record MoveAuthorityKey(string Name, KeyReference Key, KeyReference? Alternative) : StoreChange;

    /// <summary>
    /// A certificate, about to be released. Conflict when (issuer, serial) exists, its authority or its agent is unknown, or one of its keys is blocked.
    /// The request's entry must carry <see cref="Ledger.LedgerFacts.OfCertificate"/>: `audit verify` holds one against the other.
    /// </summary>
    public sealed record AddCertificate(CertificateRecord Certificate) : StoreChange;

    /// <summary>
    /// What the decision rests on: a certificate that must still be good when it comes true. Conflict when it is unknown, revoked or held by then. Nothing is written.
    /// </summary>
    public sealed record RequireGood(string Authority, byte[] Serial) : StoreChange;

    /// <summary>Registers an agent if it is unknown; conflict when it is known and not active, or belongs to another owner, or when the parent it names cannot be one (<see cref="SetAgentParent"/>).</summary>
    public sealed record RegisterAgent(AgentRecord Agent) : StoreChange;

    /// <summary>Suspends, retires or re-activates an agent; conflict when it is unknown. The same state again: unchanged (idempotent), but no end of a hold re-activates it any more.</summary>
    public sealed record SetAgentState(string AgentId, AgentState State) : StoreChange;

    /// <summary>Binds a public key to one agent for good; conflict when the key is bound to another agent (key reuse), is half of a composite, is blocked, or the agent is unknown.</summary>
    public sealed record BindKey(byte[] KeyFingerprint, string AgentId) : StoreChange;

    /// <summary>
    /// Binds half of a composite key to its whole for good; conflict when the half is a key of its own (a blocked one too), or half of another composite. From then on
    /// <see cref="BindKey"/> conflicts for it.
    /// </summary>
    public sealed record BindHalf(byte[] HalfFingerprint, byte[] WholeFingerprint) : StoreChange
    {
        /// <summary>The halves of a certificate's keys, its alternative one too, as far as these are composites.</summary>
        public static IEnumerable<BindHalf> Of(Certificate certificate)
        {
            foreach (var key in new[] { certificate.PublicKey, certificate.AlternativePublicKey })
            {
                if (key is not null && key.TryGetHalves(out var mlDsa, out var traditional))
                {
                    yield return new BindHalf(mlDsa.Fingerprint(), key.Fingerprint());
                    yield return new BindHalf(traditional.Fingerprint(), key.Fingerprint());
                }
            }
        }
    }

    /// <summary>A new enrolment credential. Conflict when the name exists.</summary>
    public sealed record AddCredential(EnrollmentCredential Credential) : StoreChange;

    /// <summary>Uses a credential once; conflict when it is unknown, revoked, or has no use left. Unlimited ones only count.</summary>
    public sealed record ConsumeCredential(string Name) : StoreChange;

    /// <summary>Ends a credential; conflict when unknown. Already revoked: unchanged (idempotent).</summary>
    public sealed record RevokeCredential(string Name, DateTimeOffset Time) : StoreChange;

    /// <summary>Parks a request until somebody decides it. Conflict when the id or the request hash exists: the same request is parked once.</summary>
    public sealed record AddApproval(ApprovalRecord Approval) : StoreChange;

    /// <summary>Decides a parked request; conflict unless its state is <paramref name="From"/>.</summary>
    public sealed record MoveApproval(string Id, ApprovalState From, ApprovalState To, string DecidedBy, DateTimeOffset Time) : StoreChange;

    /// <summary>A signed CRL; conflict unless its number is greater than every earlier one of its issuer's shard, complete or delta.</summary>
    public sealed record AddCertificateList(CertificateListRecord CertificateList) : StoreChange;

    /// <summary>Gives a CA its successor; conflict when one of them is unknown or it has one already.</summary>
    public sealed record AddSuccession(SuccessionRecord Succession) : StoreChange;

    /// <summary>Moves a CA's succession; conflict unless its state is <paramref name="From"/>. Back at prepared, it switches only when told.</summary>
    public sealed record ChangeSuccession(string Predecessor, SuccessionState From, SuccessionState To) : StoreChange;

    /// <summary>A new campaign. Conflict when the name exists.</summary>
    public sealed record AddCampaign(CampaignRecord Campaign) : StoreChange;

    /// <summary>Moves a campaign and sets its share; conflict unless its state is <paramref name="From"/>.</summary>
    /// <param name="Ended">Kept with the campaign when it ends; null: it goes on.</param>
    public sealed record ChangeCampaign(string Name, CampaignState From, CampaignState To, int Share, DateTimeOffset? Ended) : StoreChange;

    /// <summary>
    /// Takes an agent, with one of its profiles, into a campaign; conflict when campaign or agent is unknown, or another open campaign has the agent.
    /// Already in it: unchanged (idempotent).
    /// </summary>
    public sealed record AddMember(string Campaign, string AgentId, string Profile, int Position, DateTimeOffset Time) : StoreChange;

    /// <summary>
    /// Moves a member to another state and clears what went wrong; conflict when its state is none of <paramref name="From"/>. In that state already:
    /// unchanged (idempotent).
    /// </summary>
    public sealed record MoveMember(string Campaign, string AgentId, string Profile, ImmutableArray<MemberState> From, MemberState To, DateTimeOffset Time) : StoreChange;

    /// <summary>Notes why a member did not get on. Unknown members: nothing happens.</summary>
    public sealed record NoteMember(string Campaign, string AgentId, string Profile, string Problem, DateTimeOffset Time) : StoreChange;

    /// <summary>
    /// Erases salt and details of an earlier entry for good (personal data); its leaf stands. Conflict when there is no such entry. The request's
    /// entry must be a <see cref="Ledger.LedgerEntryKind.DetailsErased"/> naming the leaf. Already erased: unchanged (idempotent).
    /// </summary>
    public sealed record EraseDetails(long LeafIndex) : StoreChange;
}
