//! Signatures and sealed answers outside of MLS groups: requests of ours, and what a hub sends back.

use comity_wire::{MlsOctets, Signatory, labelled};
use openmls_traits::crypto::OpenMlsCrypto as _;
use openmls_traits::signatures::Signer as _;
use openmls_traits::types::{HpkeCiphertext, SignatureScheme};

use crate::error::Error;
use crate::me::Me;
use crate::tx::Tx;

/// Who we are, as requests say it.
pub(crate) fn signatory(me: &Me) -> Result<Signatory, Error> {
    let credential = me.credential();
    Ok(Signatory {
        signature_key: me.signer.public().to_vec(),
        credential: MlsOctets::of(&credential.credential).map_err(|_| Error::Bug("own credential"))?,
    })
}

/// `SignWithLabel` with our key (RFC 9420, "Public Key Signature").
pub(crate) fn with_label(me: &Me, label: &str, content: &[u8]) -> Result<Vec<u8>, Error> {
    me.signer
        .sign(&labelled(label, content))
        .map_err(|_| Error::Bug("sign"))
}

/// `VerifyWithLabel`.
pub(crate) fn verify(tx: &Tx<'_>, key: &[u8], label: &str, content: &[u8], signature: &[u8]) -> bool {
    tx.crypto
        .verify_signature(
            SignatureScheme::ED25519,
            &labelled(label, content),
            key,
            signature,
        )
        .is_ok()
}

/// `DecryptWithLabel` (RFC 9420, "Public Key Encryption").
pub(crate) fn open(
    tx: &Tx<'_>,
    private_key: &[u8],
    label: &str,
    context: &[u8],
    sealed: &HpkeCiphertext,
) -> Option<Vec<u8>> {
    let config = comity_mls::CIPHER_SUITE.hpke_config();
    tx.crypto
        .hpke_open(config, sealed, private_key, &labelled(label, context), &[])
        .ok()
}
